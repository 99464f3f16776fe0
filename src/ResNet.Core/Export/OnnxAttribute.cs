using static ResNet.Core.Export.AttributeProto.Types;

namespace ResNet.Core.Export;

/// <summary>Attributes of nodes.</summary>
internal static class OnnxAttribute
{
    internal static AttributeProto Single(string name, double value) => new() { Name = name, F = (float)value, Type = AttributeType.Float };

    internal static AttributeProto Integer(string name, long value) => new() { Name = name, I = value, Type = AttributeType.Int };

    internal static AttributeProto List(string name, params IEnumerable<long> values) =>
        new() { Name = name, Ints = { values }, Type = AttributeType.Ints };
}
