using System.Runtime.CompilerServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One position of an index expression: a number, a slice, a new axis, the ellipsis, or a tensor of indices or truth values.</summary>
    public struct TensorIndex
    {
        private enum Kind
        {
            None,
            Single,
            Slice,
            Ellipsis,
            Tensor,
            Bool,
        }

        private Kind _kind;
        private long? _start;
        private long? _stop;
        private long? _step;
        private torch.Tensor? _tensor;

        public static TensorIndex Ellipsis = new() { _kind = Kind.Ellipsis };
        public static TensorIndex None = new() { _kind = Kind.None };
        public static TensorIndex Null = None;
        public static TensorIndex Colon = Slice();

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { _kind = Kind.Slice, _start = start, _stop = stop, _step = step };

        public static TensorIndex Slice(Range range) => Slice(Position(range.Start), range.End.Equals(^0) ? null : Position(range.End));

        public static TensorIndex Single(long? index) => new() { _kind = Kind.Single, _start = index };

        public static TensorIndex Bool(bool value) => new() { _kind = Kind.Bool, _start = value ? 1 : 0 };

        public static TensorIndex Tensor(torch.Tensor tensor) => new() { _kind = Kind.Tensor, _tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(Position(index));

        // What stands left of the ellipsis counts dimensions from the front, what stands right of it takes the rest.
        internal static torch.Tensor Apply(torch.Tensor source, TensorIndex[] indices, out torch.Tensor?[] tensors)
        {
            var view = source.alias();
            var found = new List<torch.Tensor?>();
            int consumed = indices.Count(index => index._kind is Kind.Single or Kind.Slice or Kind.Tensor);
            int dim = 0;
            foreach (var index in indices)
            {
                var previous = view;
                switch (index._kind)
                {
                    case Kind.Ellipsis:
                        int skipped = (int)source.ndim - consumed;
                        found.AddRange(Enumerable.Repeat<torch.Tensor?>(null, skipped));
                        dim += skipped;
                        continue;
                    case Kind.Single:
                        view = previous.select(dim, index._start!.Value);
                        break;
                    case Kind.Slice:
                        view = Aten.slice.Call(previous, dim++, index._start, index._stop, index._step ?? 1);
                        found.Add(null);
                        break;
                    case Kind.None:
                        view = previous.unsqueeze(dim++);
                        found.Add(null);
                        break;
                    case Kind.Bool:
                        view = previous.unsqueeze(dim++);
                        found.Add(tensor([index._start == 1]));
                        break;
                    case Kind.Tensor:
                        found.Add(index._tensor);
                        dim += index._tensor!.dtype == ScalarType.Bool ? (int)index._tensor.ndim : 1;
                        continue;
                }
                previous.Dispose();
            }
            tensors = [.. found];
            return view;
        }

        private static long Position(Index index) => index.IsFromEnd ? -index.Value : index.Value;
    }

    public partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => Aten.index.Call(this, Arg.OptionalTensors(indices));
            set => Aten.index_put_.InPlace(this, Arg.OptionalTensors(indices), value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => index_put_(value, i1);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => index(i1, i2);
            set => index_put_(value, i1, i2);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => index(i1, i2, i3);
            set => index_put_(value, i1, i2, i3);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => index(i1, i2, i3, i4);
            set => index_put_(value, i1, i2, i3, i4);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var view = TensorIndex.Apply(this, indices, out var tensors);
            if (tensors.All(tensor => tensor is null)) return view;
            using (view) return Aten.index.Call(view, Arg.OptionalTensors(tensors));
        }

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            using var view = TensorIndex.Apply(this, indices, out var tensors);
            if (tensors.All(tensor => tensor is null)) view.copy_(value);
            else Aten.index_put_.InPlace(view, Arg.OptionalTensors(tensors), value);
            return this;
        }
    }
}
