using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static ResNet.Core.Export.TensorProto.Types;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>A tensor that a graph computes. Operations on it add nodes to the graph.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Name">Its name in the graph.</param>
internal readonly record struct OnnxValue(OnnxGraph Graph, string Name) : ILayerInput<OnnxValue>
{
    public static OnnxValue operator +(OnnxValue left, OnnxValue right) => left.Node("Add", [right]);

    public static OnnxValue operator +(OnnxValue left, double right) => left + left.Number(right);

    public static OnnxValue operator -(OnnxValue left, OnnxValue right) => left.Node("Sub", [right]);

    public static OnnxValue operator -(OnnxValue left, double right) => left - left.Number(right);

    public static OnnxValue operator *(OnnxValue left, OnnxValue right) => left.Node("Mul", [right]);

    public static OnnxValue operator *(OnnxValue left, double right) => left * left.Number(right);

    public static OnnxValue operator /(OnnxValue left, OnnxValue right) => left.Node("Div", [right]);

    public static OnnxValue operator /(OnnxValue left, double right) => left / left.Number(right);

    public OnnxValue Then(Module? layer) => OnnxLayers.Apply(layer, this);

    public OnnxValue Relu() => Node("Relu");

    public OnnxValue ReluAndPool(MaxPool2d? pool) => Relu().Then(pool);

    public OnnxValue Flatten() => Node("Flatten", [], OnnxAttribute.Integer("axis", 1));

    public OnnxValue Add(OnnxValue other) => this + other;

    // The file is for inference, where dropout does nothing.
    public OnnxValue Dropout(double rate) => this;

    public OnnxValue DropImages(double rate) => this;

    public OnnxValue Keep() => this;

    internal OnnxValue Abs() => Node("Abs");

    internal OnnxValue Floor() => Node("Floor");

    /// <summary>Rounds to the nearest integer, halves to the even integer.</summary>
    internal OnnxValue Round() => Node("Round");

    internal OnnxValue Softmax() => Node("Softmax", [], OnnxAttribute.Integer("axis", 1));

    internal OnnxValue Shape() => Node("Shape");

    internal OnnxValue To(DataType type) => Node("Cast", [], OnnxAttribute.Integer("to", (long)type));

    internal OnnxValue Transpose(params long[] order) => Node("Transpose", [], OnnxAttribute.List("perm", order));

    internal OnnxValue MatMul(OnnxValue right) => Node("MatMul", [right]);

    internal OnnxValue Min(OnnxValue right) => Node("Min", [right]);

    internal OnnxValue Max(double right) => Node("Max", [Number(right)]);

    internal OnnxValue Clip(double least, double most) => Node("Clip", [Number(least), Number(most)]);

    internal OnnxValue Less(double right) => Node("Less", [Number(right)]);

    internal OnnxValue Where(OnnxValue yes, OnnxValue no) => Node("Where", [yes, no]);

    /// <summary>Computes the sum over an axis, which is kept with the length 1.</summary>
    internal OnnxValue Sum(long axis) => Node("ReduceSum", [Integers(axis)], OnnxAttribute.Integer("keepdims", 1));

    internal OnnxValue Unsqueeze(long axis) => Node("Unsqueeze", [Integers(axis)]);

    internal OnnxValue Reshape(params long[] shape) => Node("Reshape", [Integers(shape)]);

    internal OnnxValue Reshape(OnnxValue shape) => Node("Reshape", [shape]);

    /// <summary>Returns an element of a vector, as a scalar.</summary>
    internal OnnxValue At(long index) => Node("Gather", [Integer(index)], OnnxAttribute.Integer("axis", 0));

    /// <summary>Returns 0, 1, … up to this scalar, of its type.</summary>
    internal OnnxValue Range() => Graph.Add("Range", [Number(0), this, Number(1)]);

    internal OnnxValue Integer(long value) => Graph.Constant(tensor(value));

    internal OnnxValue Integers(params long[] values) => Graph.Constant(tensor(values));

    internal OnnxValue Node(string type, OnnxValue[]? others = null, params AttributeProto[] attributes) =>
        Graph.Add(type, [this, .. others ?? []], attributes);

    private OnnxValue Number(double value) => Graph.Constant(tensor(value, ScalarType.Float64));
}
