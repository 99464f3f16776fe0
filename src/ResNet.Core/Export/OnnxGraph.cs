using ResNet.Common;
using ResNet.Core.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>
/// A graph of operators while it is put together, and its file: a <c>ModelProto</c> (<c>onnx/onnx.proto</c>) whose weights are written one
/// behind the other, so that they are never held a second time.
/// </summary>
internal sealed class OnnxGraph
{
    /// <summary>The version of the operators, ONNX 1.12's.</summary>
    internal const int Opset = 17;

    private const int IrVersion = 8;

    private readonly Dictionary<Module, string> _names = new(ReferenceEqualityComparer.Instance);
    private readonly List<Node> _nodes = [];
    private readonly List<(ProtobufMessage Head, Tensor Data)> _weights = [];
    private readonly ProtobufMessage _ends = new();
    private int _unnamed;

    /// <summary>A graph without nodes.</summary>
    /// <param name="network">The network whose layers give nodes and weights their names.</param>
    internal OnnxGraph(Module network)
    {
        foreach (var (name, module) in network.named_modules()) _names[module] = name;
    }

    /// <summary>An input of the graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The type of its elements.</param>
    /// <param name="shape">Lengths, and names of those that may be any.</param>
    internal OnnxValue Input(string name, OnnxType type, params IEnumerable<Dimension> shape)
    {
        _ends.Message(GraphField.Input, ValueInfo(name, type, shape));
        return new OnnxValue(this, name);
    }

    /// <summary>Makes what the last node computes the output of the graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Lengths, and names of those that may be any.</param>
    internal void Output(string name, params IEnumerable<Dimension> shape)
    {
        _nodes[^1] = _nodes[^1] with { Output = name };
        _ends.Message(GraphField.Output, ValueInfo(name, OnnxType.Float32, shape));
    }

    /// <summary>Adds a node.</summary>
    /// <param name="type">Its operator (<c>docs/Operators.md</c> of ONNX).</param>
    /// <param name="inputs">What it computes from.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="layer">The network's layer that it is, for its name.</param>
    internal OnnxValue Add(string type, OnnxValue[] inputs, ProtobufMessage[]? attributes = null, Module? layer = null)
    {
        string name = layer is null ? $"{type}_{++_unnamed}" : _names[layer];
        _nodes.Add(new Node(type, [.. inputs.Select(input => input.Name)], name, attributes ?? []));
        return new OnnxValue(this, name);
    }

    /// <summary>A layer's weight, in single precision.</summary>
    /// <param name="layer">A layer of the network.</param>
    /// <param name="parameter">The weight's name in it.</param>
    /// <param name="value">The weight, of any floating type, device and strides.</param>
    internal OnnxValue Weight(Module layer, string parameter, Tensor value) => Store($"{_names[layer]}.{parameter}", value.detach().to(ScalarType.Float32));

    /// <summary>Numbers that are the same for every input: of single or double precision or 64-bit integers.</summary>
    internal OnnxValue Constant(Tensor value) => Store($"constant_{++_unnamed}", value);

    /// <summary>Writes the file.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="metadata">Keys and texts for whoever reads it.</param>
    /// <exception cref="ArgumentException">The network is too large for a file of this format.</exception>
    internal void Write(Stream stream, IEnumerable<(string Key, string Text)> metadata)
    {
        var graph = new ProtobufMessage().Text(GraphField.Name, nameof(ResNet));
        foreach (var node in _nodes) graph.Message(GraphField.Node, node.ToMessage());
        var weights = _weights.Select(weight => (Start: new ProtobufMessage().Announce(GraphField.Initializer, weight.Head.Bytes.Count + Bytes(weight.Data)), weight.Head, weight.Data)).ToList();
        long length = graph.Bytes.Count + _ends.Bytes.Count + weights.Sum(weight => weight.Start.Bytes.Count + weight.Head.Bytes.Count + Bytes(weight.Data));

        var model = new ProtobufMessage()
            .Number(ModelField.IrVersion, IrVersion)
            .Text(ModelField.ProducerName, "ResNet for .NET")
            .Text(ModelField.ProducerVersion, typeof(OnnxGraph).Assembly.GetName().Version!.ToString(fieldCount: 3))
            .Message(ModelField.OpsetImport, new ProtobufMessage().Number(OpsetField.Version, Opset));
        foreach (var (key, text) in metadata) model.Message(ModelField.Metadata, new ProtobufMessage().Text(EntryField.Key, key).Text(EntryField.Value, text));
        model.Announce(ModelField.Graph, length);
        if (model.Bytes.Count + length > int.MaxValue)
            throw new ArgumentException($"The network needs {model.Bytes.Count + length} bytes as ONNX, but one file of that format holds at most {int.MaxValue}: export a smaller network.");

        foreach (var message in new[] { model, graph, _ends }) Write(stream, message);
        foreach (var (start, head, data) in weights)
        {
            Write(stream, start);
            Write(stream, head);
            TensorBytes.Write(stream, data);
        }
    }

    private OnnxValue Store(string name, Tensor value)
    {
        var type = value.dtype switch
        {
            ScalarType.Float32 => OnnxType.Float32,
            ScalarType.Float64 => OnnxType.Float64,
            _ => OnnxType.Int64,
        };
        var head = new ProtobufMessage().Numbers(TensorField.Dimensions, value.shape).Number(TensorField.Type, (ulong)type).Text(TensorField.Name, name);
        _weights.Add((head.Announce(TensorField.Bytes, Bytes(value)), value));
        return new OnnxValue(this, name);
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    private static void Write(Stream stream, ProtobufMessage message) => stream.Write([.. message.Bytes]);

    private static ProtobufMessage ValueInfo(string name, OnnxType type, IEnumerable<Dimension> shape)
    {
        var dimensions = new ProtobufMessage();
        foreach (var dimension in shape)
        {
            var length = new ProtobufMessage();
            _ = dimension.Name is { } any ? length.Text(ShapeField.Name, any) : length.Number(ShapeField.Length, (ulong)dimension.Length);
            dimensions.Message(ShapeField.Dimension, length);
        }
        var tensor = new ProtobufMessage().Number(TypeField.Element, (ulong)type).Message(TypeField.Shape, dimensions);
        return new ProtobufMessage().Text(ValueField.Name, name).Message(ValueField.Type, new ProtobufMessage().Message(TypeField.Tensor, tensor));
    }

    /// <summary>A length, or the name of one that may be any.</summary>
    internal readonly record struct Dimension(long Length, string? Name)
    {
        public static implicit operator Dimension(long length) => new(length, Name: null);

        public static implicit operator Dimension(string name) => new(Length: 0, name);
    }

    private sealed record Node(string Type, string[] Inputs, string Output, ProtobufMessage[] Attributes)
    {
        internal ProtobufMessage ToMessage()
        {
            var message = new ProtobufMessage();
            foreach (string input in Inputs) message.Text(NodeField.Input, input);
            message.Text(NodeField.Output, Output).Text(NodeField.Name, Output).Text(NodeField.Type, Type);
            foreach (var attribute in Attributes) message.Message(NodeField.Attribute, attribute);
            return message;
        }
    }

    private static class ModelField
    {
        internal const int IrVersion = 1, ProducerName = 2, ProducerVersion = 3, Graph = 7, OpsetImport = 8, Metadata = 14;
    }

    private static class OpsetField
    {
        internal const int Version = 2;
    }

    private static class EntryField
    {
        internal const int Key = 1, Value = 2;
    }

    private static class GraphField
    {
        internal const int Node = 1, Name = 2, Initializer = 5, Input = 11, Output = 12;
    }

    private static class NodeField
    {
        internal const int Input = 1, Output = 2, Name = 3, Type = 4, Attribute = 5;
    }

    private static class TensorField
    {
        internal const int Dimensions = 1, Type = 2, Name = 8, Bytes = 9;
    }

    private static class ValueField
    {
        internal const int Name = 1, Type = 2;
    }

    private static class TypeField
    {
        internal const int Tensor = 1, Element = 1, Shape = 2;
    }

    private static class ShapeField
    {
        internal const int Dimension = 1, Length = 1, Name = 2;
    }
}
