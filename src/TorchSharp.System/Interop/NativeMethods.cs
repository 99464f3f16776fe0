using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The C ABI of native/shim.cpp.</summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = "TorchSharpSystem";

    // libtorch starts with one thread in some builds.
    static NativeMethods()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OMP_NUM_THREADS")))
            tss_set_num_threads(Environment.ProcessorCount);
    }

    [LibraryImport(Library)] internal static partial nint tss_last_error();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint tss_find(string name, string overload);
    [LibraryImport(Library)] internal static partial int tss_call(nint op, Value* arguments, int count, Value** results);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint tss_compile(string script);
    [LibraryImport(Library)] internal static partial void tss_delete_unit(nint unit);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int tss_invoke(nint unit, string name, Value* arguments, int count, Value** results, [MarshalAs(UnmanagedType.U1)] out bool isList);

    [LibraryImport(Library)] internal static partial void tss_release(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tss_dim(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tss_numel(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tss_dtype(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tss_device_type(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tss_device_index(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tss_element_size(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tss_storage_offset(nint tensor);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_geometry(nint tensor, long* sizes, long* strides);
    [LibraryImport(Library)] internal static partial nint tss_data(nint tensor);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_is_contiguous(nint tensor);

    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_requires_grad(nint tensor);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_set_requires_grad(nint tensor, [MarshalAs(UnmanagedType.U1)] bool value);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_is_leaf(nint tensor);
    [LibraryImport(Library)] internal static partial nint tss_grad(nint tensor);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool tss_backward(
        nint* tensors, int tensorCount, nint* grads, int gradCount,
        [MarshalAs(UnmanagedType.U1)] bool retainGraph, [MarshalAs(UnmanagedType.U1)] bool createGraph, nint* inputs, int inputCount);
    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool tss_autograd_grad(
        nint* outputs, int outputCount, nint* inputs, int inputCount, nint* grads, int gradCount,
        [MarshalAs(UnmanagedType.U1)] bool retainGraph, [MarshalAs(UnmanagedType.U1)] bool createGraph, [MarshalAs(UnmanagedType.U1)] bool allowUnused,
        nint* results);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_grad_mode();
    [LibraryImport(Library)] internal static partial void tss_set_grad_mode([MarshalAs(UnmanagedType.U1)] bool enabled);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_inference_mode();
    [LibraryImport(Library)] internal static partial nint tss_enter_inference_mode([MarshalAs(UnmanagedType.U1)] bool enabled);
    [LibraryImport(Library)] internal static partial void tss_leave_inference_mode(nint guard);

    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_manual_seed(ulong seed);
    [LibraryImport(Library)] internal static partial nint tss_default_generator();
    [LibraryImport(Library)] internal static partial nint tss_new_generator(ulong seed);
    [LibraryImport(Library)] internal static partial void tss_delete_generator(nint generator);
    [LibraryImport(Library)] internal static partial void tss_generator_seed(nint generator, ulong seed);
    [LibraryImport(Library)] internal static partial ulong tss_generator_initial_seed(nint generator);
    [LibraryImport(Library)] internal static partial nint tss_generator_state(nint generator);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_set_generator_state(nint generator, nint state);

    [LibraryImport(Library)] internal static partial int tss_num_threads();
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_set_num_threads(int count);
    [LibraryImport(Library)] internal static partial int tss_num_interop_threads();
    [LibraryImport(Library)] internal static partial nint tss_version();
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_cuda_is_available();
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_cudnn_is_available();
    [LibraryImport(Library)] internal static partial int tss_cuda_device_count();
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_cuda_manual_seed(ulong seed, [MarshalAs(UnmanagedType.U1)] bool allDevices);
    [LibraryImport(Library)] [return: MarshalAs(UnmanagedType.U1)] internal static partial bool tss_cuda_synchronize(long device);

    /// <summary>Throws the calling thread's last native error, as TorchSharp does.</summary>
    internal static ExternalException LastError() => new(Marshal.PtrToStringUTF8(tss_last_error()));

    internal static void Check(bool succeeded)
    {
        if (!succeeded) throw LastError();
    }

    internal static nint Check(nint result) => result != 0 ? result : throw LastError();
}

/// <summary>One argument or result of an operator, laid out as in native/shim.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Value
{
    internal ValueTag Tag;
    internal int Count;
    internal long Bits;

    internal readonly double Real => BitConverter.Int64BitsToDouble(Bits);
}

internal enum ValueTag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    IntList = 5,
    DoubleList = 6,
    TensorList = 7,
    OptionalTensorList = 8,
    String = 9,
    Device = 10,
    Generator = 11,
    BoolList = 12,
}
