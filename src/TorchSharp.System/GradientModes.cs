using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static IDisposable no_grad() => new AutoGradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new AutoGradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new AutoGradMode(mode);

    public static bool is_grad_enabled() => NativeMethods.tss_grad_mode();

    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => NativeMethods.tss_inference_mode();

    /// <summary>Switches the recording of operations for autograd on the calling thread, until disposed of.</summary>
    private sealed class AutoGradMode : IDisposable
    {
        private readonly bool _previous = NativeMethods.tss_grad_mode();

        internal AutoGradMode(bool enabled) => NativeMethods.tss_set_grad_mode(enabled);

        public void Dispose() => NativeMethods.tss_set_grad_mode(_previous);
    }

    /// <summary>libtorch's guard, which has to be left on the thread that entered it.</summary>
    private sealed class InferenceMode(bool mode) : IDisposable
    {
        private nint _guard = NativeMethods.Check(NativeMethods.tss_enter_inference_mode(mode));

        public void Dispose()
        {
            if (_guard == 0) return;
            NativeMethods.tss_leave_inference_mode(_guard);
            _guard = 0;
        }
    }
}
