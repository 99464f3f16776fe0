using System.Runtime.CompilerServices;
using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of libtorch. Its memory goes back with <see cref="Dispose()"/> or its dispose scope, else when collected.</summary>
    public partial class Tensor : IDisposable
    {
        private static long s_totalCount;
        private static long s_peakCount;

        internal nint handle;

        internal Tensor(nint handle, bool register = true)
        {
            this.handle = handle;
            long count = Interlocked.Increment(ref s_totalCount);
            if (count > Volatile.Read(ref s_peakCount)) Volatile.Write(ref s_peakCount, count);
            if (register) OwningDisposeScope = DisposeScopeManager.ThreadSingleton.Register(this);
        }

        ~Tensor() => Dispose(false);

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>How many tensor objects of this process have not been disposed of.</summary>
        public static long TotalCount => Interlocked.Read(ref s_totalCount);

        public static long PeakCount => Volatile.Read(ref s_peakCount);

        public IntPtr Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => handle == 0;

        public string? name { get; set; }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            nint released = MoveHandle();
            if (released == 0) return;
            if (disposing)
            {
                DisposeScopeManager.ThreadSingleton.Disposing(this);
                OwningDisposeScope?.Forget(this);
            }
            NativeMethods.tss_release(released);
        }

        internal nint MoveHandle()
        {
            nint moved = handle;
            if (moved == 0) return 0;
            handle = 0;
            Interlocked.Decrement(ref s_totalCount);
            return moved;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null) other?.Attach(this);
            else OwningDisposeScope.MoveToOther(other, [this]);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>Whether shape and elements are the same.</summary>
        public bool Equals(Tensor target) => Aten.equal.CallValue(this, target).Bits != 0;

        // As in TorchSharp: the object's, whatever its elements are.
        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

        public override string ToString() => $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";

        // ---- what a tensor is

        public long Dimensions => NativeMethods.tss_dim(Handle);
        public long dim() => Dimensions;
        public long ndim => Dimensions;
        public long NumberOfElements => NativeMethods.tss_numel(Handle);
        public long numel() => NumberOfElements;
        public long ElementSize => NativeMethods.tss_element_size(Handle);
        public long element_size() => ElementSize;
        public ScalarType dtype => (ScalarType)NativeMethods.tss_dtype(Handle);
        public DeviceType device_type => (DeviceType)NativeMethods.tss_device_type(Handle);
        public int device_index => NativeMethods.tss_device_index(Handle);
        public Device device => device_type == DeviceType.CPU ? new Device(DeviceType.CPU) : new Device(device_type, device_index);
        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_cpu() => device_type == DeviceType.CPU;
        public bool is_floating_point() => torch.is_floating_point(dtype);
        public bool is_integral() => torch.is_integral(dtype);
        public bool is_contiguous() => Ask(NativeMethods.tss_is_contiguous);
        public long storage_offset() => NativeMethods.tss_storage_offset(Handle);
        public long[] shape => Geometry(sizes: true);
        public long[] size() => Geometry(sizes: true);
        public long[] stride() => Geometry(sizes: false);
        public long size(int dim) => At(shape, dim);
        public long stride(int dim) => At(stride(), dim);

        private unsafe long[] Geometry(bool sizes)
        {
            var result = new long[Dimensions];
            fixed (long* start = result)
                NativeMethods.Check(NativeMethods.tss_geometry(Handle, sizes ? start : null, sizes ? null : start));
            GC.KeepAlive(this);
            return result;
        }

        // The native side holds a borrowed pointer: the tensor may not be finalised before the call is over.
        private bool Ask(Func<nint, bool> question)
        {
            bool answer = question(Handle);
            GC.KeepAlive(this);
            return answer;
        }

        private static long At(long[] values, int dim) =>
            dim >= -values.Length && dim < values.Length
                ? values[dim < 0 ? dim + values.Length : dim]
                : throw new System.Runtime.InteropServices.ExternalException(
                    $"Dimension out of range (expected to be in range of [{-values.Length}, {values.Length - 1}], but got {dim})");

        // ---- autograd

        public bool is_leaf => Ask(NativeMethods.tss_is_leaf);

        public bool requires_grad
        {
            get => Ask(NativeMethods.tss_requires_grad);
            set
            {
                NativeMethods.Check(NativeMethods.tss_set_requires_grad(Handle, value));
                GC.KeepAlive(this);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public Tensor? grad
        {
            get
            {
                nint gradient = NativeMethods.tss_grad(Handle);
                GC.KeepAlive(this);
                return gradient == 0 ? null : new Tensor(gradient);
            }
            set
            {
                NativeMethods.Check(NativeMethods.tss_set_grad(Handle, value?.Handle ?? 0));
                GC.KeepAlive(value);
                GC.KeepAlive(this);
            }
        }

        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        public Tensor detach() => Aten.detach.Call(this);

        // ---- what is in it

        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            RefuseOtherType(typeof(T));
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1) throw new ArgumentException("Number of elements in the tensor must be 1");
            return data<T>()[0];
        }

        public Scalar ToScalar() => Scalar.From(Aten.item.CallValue(this));

        /// <summary>The elements of a contiguous tensor on the CPU, as bytes of its own memory: valid while the tensor lives.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                long size = NumberOfElements * ElementSize;
                if (!is_contiguous()) throw new InvalidOperationException("Bytes() called on non-contiguous tensor.");
                if (size > int.MaxValue) throw new ArgumentException("Span only supports up to int.MaxValue elements.");
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                return size == 0 ? [] : new Span<byte>((void*)NativeMethods.Check(NativeMethods.tss_data(Handle)), (int)size);
            }
            set
            {
                if (!is_contiguous()) throw new InvalidOperationException("SetBytes() called on non-contiguous tensor.");
                if (value.Length != NumberOfElements * ElementSize) throw new ArgumentException("Mismatched data sizes in SetBytes().");
                value.CopyTo(bytes);
                GC.KeepAlive(this);
            }
        }

        private void RefuseOtherType(Type asked)
        {
            var held = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Float16 => typeof(Half),
                ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                ScalarType.Bool => typeof(bool),
                var other => throw new ArgumentException($"No support for {other} in TorchSharp"),
            };
            if (held != asked) throw new ArgumentException($"{asked.Name} is not compatible with {dtype}");
        }

        // ---- copies

        public Tensor alias() => Aten.alias.Call(this);
        public Tensor clone() => Aten.clone.Call(this);
        public Tensor contiguous() => Aten.contiguous.Call(this);
        public Tensor cpu() => to(DeviceType.CPU);
        public Tensor pin_memory() => Aten.pin_memory.Call(this);

        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Aten.copy_.InPlace(this, source, nonBlocking);

        public Tensor set_(Tensor source) => Aten.set_.InPlace(this, source);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to_type(type, copy, disposeAfter, non_blocking);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(Aten.to_dtype.Call(this, type, non_blocking, copy), disposeAfter);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, device, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other, bool non_blocking = false) => to(other.dtype, other.device, non_blocking: non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            device = InitializeDevice(device);
            return After(Aten.to_device.Call(this, device, type, non_blocking, copy), disposeAfter);
        }

        public Tensor @float() => to(ScalarType.Float32);
        public Tensor @double() => to(ScalarType.Float64);
        public Tensor @long() => to(ScalarType.Int64);
        public Tensor @byte() => to(ScalarType.Byte);
        public Tensor half() => to(ScalarType.Float16);
        public Tensor bfloat16() => to(ScalarType.BFloat16);

        internal bool WouldMove(ScalarType type, Device other) =>
            dtype != type || device_type != other.type || (other.index >= 0 && device_index != other.index);

        private Tensor After(Tensor result, bool disposeAfter)
        {
            if (disposeAfter) Dispose();
            return result;
        }
    }
}
