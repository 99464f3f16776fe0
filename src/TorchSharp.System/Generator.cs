using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A pseudo-random number generator on the CPU.</summary>
    public class Generator : IDisposable
    {
        private nint _handle;

        internal Generator(nint handle) => _handle = handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            if (device is not null && device.type != DeviceType.CPU)
                throw new NotSupportedException("TorchSharp.System makes generators on the CPU only.");
            _handle = NativeMethods.Check(NativeMethods.tss_new_generator(seed));
        }

        public IntPtr Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device { get; } = CPU;

        public static Generator Default => new(NativeMethods.Check(NativeMethods.tss_default_generator()));

        public Tensor get_state()
        {
            nint state = NativeMethods.Check(NativeMethods.tss_generator_state(Handle));
            GC.KeepAlive(this);
            return new Tensor(state);
        }

        public void set_state(Tensor value)
        {
            NativeMethods.Check(NativeMethods.tss_set_generator_state(Handle, value.Handle));
            GC.KeepAlive(value);
            GC.KeepAlive(this);
        }

        public Generator manual_seed(long seed)
        {
            NativeMethods.tss_generator_seed(Handle, (ulong)seed);
            GC.KeepAlive(this);
            return this;
        }

        public long seed()
        {
            long seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public long initial_seed() => (long)NativeMethods.tss_generator_initial_seed(Handle);

        ~Generator() => Dispose(false);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (_handle == 0) return;
            NativeMethods.tss_delete_generator(_handle);
            _handle = 0;
        }
    }

    public static Generator manual_seed(long seed) => random.manual_seed(seed);

    public static class random
    {
        public static Generator manual_seed(long seed)
        {
            NativeMethods.Check(NativeMethods.tss_manual_seed((ulong)seed));
            return Generator.Default;
        }

        public static long seed() => manual_seed(DateTime.UtcNow.Ticks).initial_seed();

        public static long initial_seed() => Generator.Default.initial_seed();

        public static Tensor get_rng_state() => Generator.Default.get_state();

        public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);
    }
}
