using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>TorchSharp's root class: factories, functions, devices, modules and optimizers.</summary>
public static partial class torch
{
    public static string __version__ => Marshal.PtrToStringUTF8(NativeMethods.tss_version())!;

    public static int get_num_threads() => NativeMethods.tss_num_threads();

    public static int get_num_interop_threads() => NativeMethods.tss_num_interop_threads();

    public static void set_num_threads(int num) => NativeMethods.Check(NativeMethods.tss_set_num_threads(num));

    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.NewDisposeScope();

    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.ThreadSingleton.CurrentDisposeScope;

    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }

    public static bool cuda_is_available() => cuda.is_available();

    public static class cuda
    {
        public static bool is_available() => NativeMethods.tss_cuda_is_available();

        public static bool is_cudnn_available() => NativeMethods.tss_cudnn_is_available();

        public static int device_count() => NativeMethods.tss_cuda_device_count();

        public static void manual_seed(long seed) => NativeMethods.Check(NativeMethods.tss_cuda_manual_seed((ulong)seed, false));

        public static void manual_seed_all(long seed) => NativeMethods.Check(NativeMethods.tss_cuda_manual_seed((ulong)seed, true));

        public static void synchronize(Device? device = null)
        {
            if (is_available()) NativeMethods.Check(NativeMethods.tss_cuda_synchronize(device?.index ?? -1));
        }
    }

    public static class autograd
    {
        public static unsafe void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            nint[] roots = Handles(tensors), grads = Handles(grad_tensors), leaves = Handles(inputs);
            fixed (nint* t = roots, g = grads, i = leaves)
            {
                NativeMethods.Check(NativeMethods.tss_backward(
                    t, roots.Length, g, grads.Length, retain_graph ?? create_graph, create_graph, i, leaves.Length));
            }
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint[] roots = Handles(outputs), leaves = Handles(inputs), grads = Handles(grad_outputs), results = new nint[leaves.Length];
            fixed (nint* o = roots, i = leaves, g = grads, r = results)
            {
                NativeMethods.Check(NativeMethods.tss_autograd_grad(
                    o, roots.Length, i, leaves.Length, g, grads.Length, retain_graph, create_graph, allow_unused, r));
            }
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return [.. results.Select(handle => handle == 0 ? null! : new Tensor(handle))];
        }

        private static nint[] Handles(IList<Tensor>? tensors) => tensors is null ? [] : [.. tensors.Select(tensor => tensor.Handle)];
    }
}
