using System.Text;
using Google.Protobuf;

namespace ResNet.Core.Tests.Export;

/// <summary>The parts of an ONNX file that the tests check, read by their field numbers (<c>onnx/onnx.proto</c>).</summary>
internal sealed record OnnxModel(
    long IrVersion,
    long Opset,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<string> Operators,
    IReadOnlyDictionary<string, (long[] Shape, float[] Values)> Weights)
{
    internal static OnnxModel Read(byte[] file)
    {
        var model = Fields(file);
        var graph = Fields(model[7].Single().Bytes);
        return new OnnxModel(
            model[1].Single().Number,
            Fields(model[8].Single().Bytes)[2].Single().Number,
            model[14].Select(entry => Fields(entry.Bytes)).ToDictionary(entry => Text(entry[1]), entry => Text(entry[2])),
            [.. graph[1].Select(node => Text(Fields(node.Bytes)[4]))],
            graph[5].Select(weight => Fields(weight.Bytes)).Where(weight => weight[2].Single().Number == 1)
                .ToDictionary(weight => Text(weight[8]), weight => (Shape(weight), Values(weight))));
    }

    private static long[] Shape(ILookup<int, Field> weight) => [.. weight[1].Select(length => length.Number)];

    private static float[] Values(ILookup<int, Field> weight) =>
        [.. weight[9].Single().Bytes.Chunk(sizeof(float)).Select(bytes => BitConverter.ToSingle(bytes))];

    private static string Text(IEnumerable<Field> fields) => Encoding.UTF8.GetString(fields.Single().Bytes);

    private static ILookup<int, Field> Fields(byte[] message)
    {
        var fields = new List<Field>();
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            int number = WireFormat.GetTagFieldNumber(tag);
            fields.Add(WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => new Field(number, input.ReadInt64(), []),
                WireFormat.WireType.LengthDelimited => new Field(number, 0, input.ReadBytes().ToByteArray()),
                _ => new Field(number, input.ReadFixed32(), []),
            });
        }
        return fields.ToLookup(field => field.Key);
    }

    private readonly record struct Field(int Key, long Number, byte[] Bytes);
}
