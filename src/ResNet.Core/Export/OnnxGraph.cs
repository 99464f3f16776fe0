using Google.Protobuf;
using ResNet.Core.Weights.Formats.Storage;
using static ResNet.Core.Export.TensorProto.Types;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>
/// A graph of operators under construction, and its file: a <see cref="ModelProto"/>. The weights are written one after the
/// other, so that memory never holds a second copy of them.
/// </summary>
internal sealed class OnnxGraph
{
    /// <summary>The version of the operators, ONNX 1.12's.</summary>
    internal const int Opset = 17;

    private const int IrVersion = 8;

    private readonly Dictionary<Module, string> _names = new(ReferenceEqualityComparer.Instance);
    private readonly GraphProto _graph = new() { Name = nameof(ResNet) };
    private readonly List<(TensorProto Head, Tensor Data)> _weights = [];
    private int _unnamed;

    /// <summary>Makes a graph without nodes.</summary>
    /// <param name="network">The network whose layers give nodes and weights their names.</param>
    internal OnnxGraph(Module network)
    {
        foreach (var (name, module) in network.named_modules()) _names[module] = name;
    }

    /// <summary>Adds an input to the graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The type of its elements.</param>
    /// <param name="shape">Lengths, and names of variable lengths.</param>
    internal OnnxValue Input(string name, DataType type, params IEnumerable<Dimension> shape)
    {
        _graph.Input.Add(ValueInfo(name, type, shape));
        return new OnnxValue(this, name);
    }

    /// <summary>Makes the result of the last node the output of the graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Lengths, and names of variable lengths.</param>
    internal void Output(string name, params IEnumerable<Dimension> shape)
    {
        var last = _graph.Node[^1];
        last.Name = last.Output[0] = name;
        _graph.Output.Add(ValueInfo(name, DataType.Float, shape));
    }

    /// <summary>Adds a node.</summary>
    /// <param name="type">Its operator (<c>docs/Operators.md</c> of ONNX).</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="layer">The network's layer that it computes, for its name.</param>
    internal OnnxValue Add(string type, OnnxValue[] inputs, AttributeProto[]? attributes = null, Module? layer = null)
    {
        string name = layer is null ? $"{type}_{++_unnamed}" : _names[layer];
        _graph.Node.Add(new NodeProto
        {
            OpType = type,
            Input = { inputs.Select(input => input.Name) },
            Output = { name },
            Name = name,
            Attribute = { attributes ?? [] },
        });
        return new OnnxValue(this, name);
    }

    /// <summary>Adds a layer's weight, in single precision.</summary>
    /// <param name="layer">A layer of the network.</param>
    /// <param name="parameter">The weight's name in the layer.</param>
    /// <param name="value">The weight, of any floating type, device and strides.</param>
    internal OnnxValue Weight(Module layer, string parameter, Tensor value) =>
        Store($"{_names[layer]}.{parameter}", value.detach().to(ScalarType.Float32));

    /// <summary>Adds constants, which are the same for every input: single or double precision, or 64-bit integers.</summary>
    internal OnnxValue Constant(Tensor value) => Store($"constant_{++_unnamed}", value);

    /// <summary>Writes the file.</summary>
    /// <param name="stream">The stream to write to.</param>
    /// <param name="metadata">Keys and texts for the readers of the file.</param>
    /// <exception cref="InvalidOptionException">The network is too large for a file of this format.</exception>
    internal void Write(Stream stream, IEnumerable<(string Key, string Text)> metadata)
    {
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "ResNet for .NET",
            ProducerVersion = typeof(OnnxGraph).Assembly.GetName().Version!.ToString(fieldCount: 3),
            OpsetImport = { new OperatorSetIdProto { Version = Opset } },
            MetadataProps = { metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Text }) },
        };
        long graphBytes = _graph.CalculateSize()
            + _weights.Sum(weight => FieldBytes(GraphProto.InitializerFieldNumber, WeightBytes(weight.Head, weight.Data)));
        long bytes = model.CalculateSize() + FieldBytes(ModelProto.GraphFieldNumber, graphBytes);
        if (bytes > int.MaxValue)
            throw new InvalidOptionException(
                nameof(OnnxExporter), nameof(bytes), bytes,
                $"at most {int.MaxValue}, what a file of this format holds: export a smaller network");

        using var output = new CodedOutputStream(stream, leaveOpen: true);
        model.WriteTo(output);
        WriteFieldStart(output, ModelProto.GraphFieldNumber, graphBytes);
        _graph.WriteTo(output);
        foreach (var (head, data) in _weights)
        {
            WriteFieldStart(output, GraphProto.InitializerFieldNumber, WeightBytes(head, data));
            head.WriteTo(output);
            WriteFieldStart(output, TensorProto.RawDataFieldNumber, Bytes(data));
            output.Flush();
            TensorBytes.Write(stream, data);
        }
    }

    private OnnxValue Store(string name, Tensor value)
    {
        var type = value.dtype switch
        {
            ScalarType.Float32 => DataType.Float,
            ScalarType.Float64 => DataType.Double,
            _ => DataType.Int64,
        };
        _weights.Add((new TensorProto { Dims = { value.shape }, DataType = type, Name = name }, value));
        return new OnnxValue(this, name);
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    private static long WeightBytes(TensorProto head, Tensor data) =>
        head.CalculateSize() + FieldBytes(TensorProto.RawDataFieldNumber, Bytes(data));

    // A field's number, the count of its bytes, and these bytes.
    private static long FieldBytes(int field, long bytes) =>
        CodedOutputStream.ComputeTagSize(field) + CodedOutputStream.ComputeInt64Size(bytes) + bytes;

    private static void WriteFieldStart(CodedOutputStream output, int field, long bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteInt64(bytes);
    }

    private static ValueInfoProto ValueInfo(string name, DataType type, IEnumerable<Dimension> shape)
    {
        var dimensions = shape.Select(
            dimension => dimension.Name is { } any
                ? new TensorShapeProto.Types.Dimension { DimParam = any }
                : new() { DimValue = dimension.Length });
        var tensor = new TypeProto.Types.Tensor { ElemType = type, Shape = new TensorShapeProto { Dim = { dimensions } } };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    /// <summary>A length, or the name of a variable length.</summary>
    internal readonly record struct Dimension(long Length, string? Name)
    {
        public static implicit operator Dimension(long length) => new(length, Name: null);

        public static implicit operator Dimension(string name) => new(Length: 0, name);
    }
}
