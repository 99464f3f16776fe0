using ResNet.Common;

namespace ResNet.Core.Export;

/// <summary>Attributes of nodes (<c>AttributeProto</c> of <c>onnx/onnx.proto</c>).</summary>
internal static class OnnxAttribute
{
    private const int Name = 1, SingleValue = 2, IntegerValue = 3, Integers = 8, Kind = 20;
    private const int KindSingle = 1, KindInteger = 2, KindIntegers = 7;

    internal static ProtobufMessage Single(string name, double value) =>
        new ProtobufMessage().Text(Name, name).Single(SingleValue, (float)value).Number(Kind, KindSingle);

    internal static ProtobufMessage Integer(string name, long value) =>
        new ProtobufMessage().Text(Name, name).Numbers(IntegerValue, [value]).Number(Kind, KindInteger);

    internal static ProtobufMessage List(string name, params IEnumerable<long> values) =>
        new ProtobufMessage().Text(Name, name).Numbers(Integers, values).Number(Kind, KindIntegers);
}
