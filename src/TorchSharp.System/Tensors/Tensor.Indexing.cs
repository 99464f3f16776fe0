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

        // How many of the indexed tensor's dimensions this takes up: a mask takes as many as it has itself.
        private readonly int Dimensions => _kind switch
        {
            Kind.Single or Kind.Slice => 1,
            Kind.Tensor => _tensor!.dtype == ScalarType.Bool ? (int)_tensor.ndim : 1,
            _ => 0,
        };

        // A tensor without dimensions picks like the number in it.
        private readonly bool IsNumber => _tensor!.ndim == 0 && _tensor.is_integral() && _tensor.dtype != ScalarType.Bool;

        /// <summary>
        /// Applies all positions that give views, and collects the tensors of the others, a null for each dimension
        /// that is taken whole, for libtorch's own indexing. Runs in the caller's dispose scope.
        /// </summary>
        internal static torch.Tensor Apply(torch.Tensor source, TensorIndex[] indices, out torch.Tensor?[] tensors)
        {
            var view = source.alias();
            var found = new List<torch.Tensor?>();
            int taken = indices.Sum(index => index.Dimensions);
            int dim = 0;
            foreach (var index in indices)
            {
                switch (index._kind)
                {
                    case Kind.Ellipsis:
                        int skipped = (int)source.ndim - taken;
                        found.AddRange(Enumerable.Repeat<torch.Tensor?>(null, skipped));
                        dim += skipped;
                        break;
                    case Kind.Single:
                        view = view.select(dim, index._start!.Value);
                        break;
                    case Kind.Tensor when index.IsNumber:
                        view = view.select(dim, index._tensor!.ToInt64());
                        break;
                    case Kind.Slice:
                        view = Aten.slice.Call(view, dim++, index._start, index._stop, index._step ?? 1);
                        found.Add(null);
                        break;
                    case Kind.None:
                        view = view.unsqueeze(dim++);
                        found.Add(null);
                        break;
                    case Kind.Bool:
                        view = view.unsqueeze(dim++);
                        found.Add(tensor([index._start == 1]));
                        break;
                    case Kind.Tensor:
                        found.Add(index._tensor);
                        dim += index.Dimensions;
                        break;
                }
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
            using var scope = NewDisposeScope();
            var view = TensorIndex.Apply(this, indices, out var tensors);
            var result = tensors.All(tensor => tensor is null) ? view : Aten.index.Call(view, Arg.OptionalTensors(tensors));
            return result.MoveToOuterDisposeScope();
        }

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            using var scope = NewDisposeScope();
            var view = TensorIndex.Apply(this, indices, out var tensors);
            // As in Python, leading dimensions of length 1 of the value do not matter.
            var trimmed = value.view([.. value.shape.SkipWhile(size => size == 1)]);
            if (tensors.All(tensor => tensor is null)) view.copy_(trimmed);
            else Aten.index_put_.InPlace(view, Arg.OptionalTensors(tensors), trimmed);
            return this;
        }
    }
}
