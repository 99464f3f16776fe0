using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>An operator of libtorch, found by its name and overload in native_functions.yaml on its first call.</summary>
internal sealed unsafe class Op(string name, string overload = "")
{
    private nint _handle;

    /// <summary>Calls an operator with one tensor as its result.</summary>
    internal Tensor Call(params ReadOnlySpan<Arg> arguments)
    {
        Value* results;
        Invoke(arguments, &results);
        return new Tensor((nint)results[0].Bits);
    }

    /// <summary>Calls an operator with two tensors as its results.</summary>
    internal (Tensor First, Tensor Second) CallPair(params ReadOnlySpan<Arg> arguments)
    {
        Value* results;
        Invoke(arguments, &results);
        nint second = (nint)results[1].Bits;
        return (new Tensor((nint)results[0].Bits), new Tensor(second));
    }

    /// <summary>Calls an operator that gives a list of tensors.</summary>
    internal Tensor[] CallList(params ReadOnlySpan<Arg> arguments)
    {
        Value* results;
        var handles = new nint[Invoke(arguments, &results)];
        for (int i = 0; i < handles.Length; i++) handles[i] = (nint)results[i].Bits;
        return Array.ConvertAll(handles, handle => new Tensor(handle));
    }

    /// <summary>Calls an operator that gives a number or a truth value.</summary>
    internal Value CallValue(params ReadOnlySpan<Arg> arguments)
    {
        Value* results;
        Invoke(arguments, &results);
        return results[0];
    }

    /// <summary>Calls an operator that works in place on its first argument, and gives that tensor object back.</summary>
    internal Tensor InPlace(Tensor self, params ReadOnlySpan<Arg> others)
    {
        var arguments = new Arg[others.Length + 1];
        arguments[0] = self;
        others.CopyTo(arguments.AsSpan(1));
        Invoke(arguments, null);
        return self;
    }

    private int Invoke(ReadOnlySpan<Arg> arguments, Value** results)
    {
        if (_handle == 0) _handle = NativeMethods.Check(NativeMethods.tss_find(name, overload));

        Value* values = stackalloc Value[arguments.Length];
        int words = 0;
        foreach (ref readonly var argument in arguments) words += argument.ScratchWords;
        Span<long> memory = words <= Arg.FewWords ? stackalloc long[words] : new long[words];
        int count;
        fixed (long* start = memory)
        {
            Arg.Write(arguments, values, start);
            count = NativeMethods.tss_call(_handle, values, arguments.Length, results);
        }
        KeepAlive(arguments);
        return count >= 0 ? count : throw NativeMethods.LastError();
    }

    // The native side holds borrowed pointers: no argument may be finalised before the call is over.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void KeepAlive(ReadOnlySpan<Arg> arguments) => _ = arguments;
}
