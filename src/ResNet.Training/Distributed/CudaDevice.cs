using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>What other libraries need to know of a GPU that libtorch computes on.</summary>
internal static unsafe class CudaDevice
{
    // CUDA's driver, which libtorch and others share.
    private const string Driver = "libcuda.so.1";

    /// <summary>The address of a tensor's numbers in the memory of its device.</summary>
    internal static void* AddressOf(Tensor tensor) => (void*)THSTensor_data(tensor.Handle);

    /// <summary>Whether <see cref="With"/> can make a GPU current.</summary>
    internal static bool IsUsable(int index)
    {
        try
        {
            With(index, () => { });
            return true;
        }
        catch (Exception e) when (e is ExternalException or DllNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Calls something while a GPU is the thread's current one.</summary>
    /// <exception cref="ExternalException">The driver refuses.</exception>
    internal static void With(int index, Action act)
    {
        int device;
        ThrowIfFailed(cuDeviceGet(&device, index));
        nint context;
        // What libtorch has made; it stays until the end of the process.
        ThrowIfFailed(cuDevicePrimaryCtxRetain(&context, device));
        ThrowIfFailed(cuCtxPushCurrent_v2(context));
        try
        {
            act();
        }
        finally
        {
            _ = cuCtxPopCurrent_v2(&context);
        }
    }

    private static void ThrowIfFailed(int code)
    {
        if (code != 0) throw new CudaException($"CUDA's driver has failed with code {code}.");
    }

    // The function behind Tensor.bytes, which refuses the memory of other devices than the CPU.
    [DllImport("LibTorchSharp")]
    private static extern nint THSTensor_data(nint tensor);

    [DllImport(Driver)]
    private static extern int cuDeviceGet(int* device, int ordinal);

    [DllImport(Driver)]
    private static extern int cuDevicePrimaryCtxRetain(nint* context, int device);

    [DllImport(Driver)]
    private static extern int cuCtxPushCurrent_v2(nint context);

    [DllImport(Driver)]
    private static extern int cuCtxPopCurrent_v2(nint* context);
}
