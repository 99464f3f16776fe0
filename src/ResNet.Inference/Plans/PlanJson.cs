using System.Text;
using System.Text.Json;

namespace ResNet.Inference.Plans;

/// <summary>Plans as JSON: a list of layers, whose values are omitted where they are the default.</summary>
internal static class PlanJson
{
    private static readonly Dictionary<LayerKind, string> s_names = new()
    {
        [LayerKind.Convolution] = "convolution",
        [LayerKind.Pointwise] = "pointwise",
        [LayerKind.GroupNorm] = "group_norm",
        [LayerKind.MaxPool] = "max_pool",
        [LayerKind.AveragePool] = "average_pool",
        [LayerKind.Subsample] = "subsample",
        [LayerKind.Mean] = "mean",
        [LayerKind.Linear] = "linear",
        [LayerKind.Quantize] = "quantize",
        [LayerKind.Int8Convolution] = "int8_convolution",
        [LayerKind.Int8Linear] = "int8_linear",
    };

    private static readonly Dictionary<string, LayerKind> s_kinds = s_names.ToDictionary(entry => entry.Value, entry => entry.Key);

    internal static string Write(InferencePlan plan)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("channels", plan.Channels);
            json.WriteStartArray("layers");
            foreach (var layer in plan.Layers) Write(json, layer);
            json.WriteEndArray();
            json.WriteStartArray("stages");
            foreach (int value in plan.Stages) json.WriteNumberValue(value);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <exception cref="FormatException">It is no plan.</exception>
    internal static InferencePlan Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            return new InferencePlan
            {
                Channels = JsonNumber.Int32(root.GetProperty("channels")),
                Layers = [.. root.GetProperty("layers").EnumerateArray().Take(InferencePlan.MaximumLayers + 1).Select(Layer)],
                Stages = root.TryGetProperty("stages", out var stages)
                    ? [.. stages.EnumerateArray().Take(InferencePlan.MaximumLayers).Select(JsonNumber.Int32)]
                    : [],
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException("its plan is damaged", e);
        }
    }

    private static void Write(Utf8JsonWriter json, Layer layer)
    {
        json.WriteStartObject();
        json.WriteString("kind", s_names[layer.Kind]);
        json.WriteNumber("input", layer.Input);
        if (layer.Add is { } add) json.WriteNumber("add", add);
        if (layer.Relu) json.WriteBoolean("relu", true);
        if (layer.Weight is not null) json.WriteString("weight", layer.Weight);
        if (layer.Bias is not null) json.WriteString("bias", layer.Bias);
        Number("kernel", layer.Kernel, 1);
        Number("stride", layer.Stride, 1);
        Number("padding", layer.Padding, 0);
        Number("dilation", layer.Dilation, 1);
        Number("groups", layer.Groups, 1);
        Number("before", layer.Before, 0);
        Number("after", layer.After, 0);
        if (layer.Epsilon != 0) json.WriteNumber("epsilon", layer.Epsilon);
        if (layer.WeightScale is not null) json.WriteString("weight_scale", layer.WeightScale);
        if (layer.Scale != 0) json.WriteNumber("scale", layer.Scale);
        Number("zero_point", layer.ZeroPoint, 0);
        json.WriteEndObject();

        void Number(string name, int value, int usual)
        {
            if (value != usual) json.WriteNumber(name, value);
        }
    }

    private static Layer Layer(JsonElement json)
    {
        string kind = json.GetProperty("kind").GetString() ?? "";
        if (!s_kinds.TryGetValue(kind, out var known))
            throw new FormatException("its plan has a layer of a kind that this version does not know");
        return new Layer
        {
            Kind = known,
            Input = JsonNumber.Int32(json.GetProperty("input")),
            Add = json.TryGetProperty("add", out var add) ? JsonNumber.Int32(add) : null,
            Relu = json.TryGetProperty("relu", out var relu) && relu.GetBoolean(),
            Weight = Text("weight"),
            Bias = Text("bias"),
            Kernel = Number("kernel", 1),
            Stride = Number("stride", 1),
            Padding = Number("padding", 0),
            Dilation = Number("dilation", 1),
            Groups = Number("groups", 1),
            Before = Number("before", 0),
            After = Number("after", 0),
            Epsilon = Single("epsilon"),
            WeightScale = Text("weight_scale"),
            Scale = Single("scale"),
            ZeroPoint = Number("zero_point", 0),
        };

        float Single(string name) => json.TryGetProperty(name, out var value) ? value.GetSingle() : 0;

        int Number(string name, int usual) => json.TryGetProperty(name, out var value) ? JsonNumber.Int32(value) : usual;

        string? Text(string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
    }
}
