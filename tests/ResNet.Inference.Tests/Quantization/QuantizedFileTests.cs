using ResNet.Inference.Files;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Tests.Quantization;

/// <summary>Files with 8-bit weights that were tampered with.</summary>
public sealed class QuantizedFileTests : IDisposable
{
    private readonly SavedNetwork _saved = new("resnet20");
    private InferenceFile _file;

    public QuantizedFileTests() => _file = Open(new());

    public void Dispose()
    {
        _file.Dispose();
        _saved.Dispose();
    }

    [Fact]
    public void A_file_without_changes_is_opened() => Try().Should().BeNull();

    [Fact]
    public void Layers_that_do_not_fit_are_refused_by_name()
    {
        int int8 = Find(layer => layer.Kind == LayerKind.Int8Convolution && layer.GivesBytes && layer.Relu);
        int quantize = Find(layer => layer.Kind == LayerKind.Quantize), mean = Find(layer => layer.Kind == LayerKind.Mean);
        string convolution = $"layer {int8} (Int8Convolution)";
        Try(int8, layer => layer with { Scale = -1 }).Should().Be($"{convolution} has the scale -1, which is not between 1E-12 and 1E+12");
        Try(int8, layer => layer with { Scale = 1e30f }).Should().StartWith($"{convolution} has the scale 1E+30");
        Try(int8, layer => layer with { ZeroPoint = 256 }).Should().Be($"{convolution} has the zero point 256");
        Try(int8, layer => layer with { ZeroPoint = -1 }).Should().Be($"{convolution} has the zero point -1");
        Try(int8, layer => layer with { WeightScale = null }).Should().Be($"{convolution} lacks scales of weights");
        Try(int8, layer => layer with { WeightScale = "none" }).Should().Be($"{convolution} lacks the tensor 'none'");
        Try(int8, layer => layer with { Groups = 2 }).Should().Be($"{convolution} has 2 groups, for which there is no kernel");
        Try(int8, layer => layer with { Input = 1 }).Should().Be($"{convolution} reads floats, but has to read bytes");
        Try(int8, layer => layer with { Kind = LayerKind.Convolution }).Should().StartWith($"layer {int8} (Convolution) cannot give bytes");
        Try(quantize, layer => layer with { Scale = 0 }).Should().StartWith($"layer {quantize} (Quantize) has the scale 0");
        Try(quantize, layer => layer with { Relu = true }).Should().Be($"layer {quantize} (Quantize) cannot have a ReLU");
        Try(quantize, layer => layer with { Add = 1 }).Should().Be($"layer {quantize} (Quantize) cannot add a value");
        Try(mean, layer => layer with { Scale = 1 }).Should().Be($"layer {mean} (Mean) cannot give bytes");
        Try(mean, layer => layer with { ZeroPoint = 1 }).Should().Be($"layer {mean} (Mean) has the zero point 1");
        Try(mean, layer => layer with { WeightScale = "fc.scale" }).Should().Be($"layer {mean} (Mean) cannot have scales of weights");
    }

    [Fact]
    public void A_first_convolution_and_a_classifier_of_integers_that_do_not_fit_are_refused()
    {
        _file.Dispose();
        _file = Open(new QuantizationOptions { FirstConvolution = true, Classifier = true });
        Try().Should().BeNull();
        int last = _file.Plan.Layers.Count - 1, adds = Find(layer => layer.Add is not null);
        string classifier = $"layer {last} (Int8Linear)";
        Try(0, layer => layer with { Scale = 0 }).Should().StartWith("layer 0 (Quantize) has the scale 0");
        Try(0, layer => layer with { Kind = LayerKind.MaxPool }).Should().StartWith("layer 0 (MaxPool) reads the images");
        Try(1, layer => layer with { Input = 0 }).Should().StartWith("layer 1 (Int8Convolution) reads the images");
        Try(adds, layer => layer with { Add = 1 }).Should().Be($"layer {adds} (Int8Convolution) adds the value 1, which does not fit");
        Try(last, layer => layer with { Scale = 1 }).Should().Be($"{classifier} cannot give bytes");
        Try(last, layer => layer with { WeightScale = null }).Should().Be($"{classifier} lacks scales of weights");
        Try(last, layer => layer with { WeightScale = "none" }).Should().Be($"{classifier} lacks the tensor 'none'");
        string other = _file.Plan.Layers[1].WeightScale!;
        Try(last, layer => layer with { WeightScale = other }).Should().Be("two of its layers have the same tensor");
        Try(0, layer => layer with { Weight = "none" }).Should().Be("layer 0 (Quantize) cannot have weights");
        Try(last - 2, layer => layer with { Bias = "none" }).Should().Be($"layer {last - 2} (Mean) cannot have weights");
        Try(last, layer => layer with { Input = last - 1 }).Should().Be($"{classifier} reads floats, but has to read bytes");
        Try(last, layer => layer with { Kernel = 3 }).Should().Be($"{classifier} cannot have a kernel");
        Try(last, layer => layer with { Add = 2 }).Should().StartWith($"{classifier} ");
        Try(last, layer => layer with { Kind = LayerKind.Linear }).Should().StartWith($"layer {last} (Linear) ");
        Try(bytes: ("fc.weight", 64)).Should().Be("the tensor 'fc.weight' has the weight 64, which is not between -63 and 63");
    }

    // As many channels as the images: a sum of the images' bytes with a convolution's.
    [Fact]
    public void Nothing_may_add_the_images()
    {
        var plan = new InferencePlan
        {
            Channels = 3,
            Layers =
            [
                new Layer { Kind = LayerKind.Quantize, Input = 0, Scale = 1 },
                new Layer { Kind = LayerKind.Int8Convolution, Input = 1, Add = 1, Weight = "a", WeightScale = "b" },
                new Layer { Kind = LayerKind.Mean, Input = 2 },
                new Layer { Kind = LayerKind.Linear, Input = 3, Weight = "c" },
            ],
        };
        Action check = () => plan.Check(name => name switch { "a" => [3, 3, 1, 1], "b" => [3], _ => [2, 3] });
        check.Should().Throw<FormatException>().WithMessage("layer 1 (Int8Convolution) adds the images");
    }

    [Fact]
    public void A_classifier_of_integers_has_features_sums_and_scales_that_fit()
    {
        Check(3, [2, 3], [2]).Should().BeNull();
        Check(3, [2, 3], [3]).Should().Be("layer 3 (Int8Linear) has the tensor 's', which does not have 2 elements");
        Check(200_000, [2, 200_000], [2]).Should()
            .Be("layer 3 (Int8Linear) has sums of 200000 products, more than 32 bits hold");
        var plan = new InferencePlan
        {
            Channels = 64,
            Layers =
            [
                new Layer { Kind = LayerKind.Quantize, Input = 0, Scale = 1 },
                new Layer { Kind = LayerKind.Int8Linear, Input = 1, Weight = "w", WeightScale = "s" },
            ],
        };
        Action check = () => plan.Check(name => name == "w" ? [1, 64] : [1]);
        check.Should().Throw<FormatException>().WithMessage("its classifier reads the images");

        static string? Check(int channels, long[] weights, long[] scales)
        {
            var plan = new InferencePlan
            {
                Channels = 1,
                Layers =
                [
                    new Layer { Kind = LayerKind.Convolution, Input = 0, Weight = "c" },
                    new Layer { Kind = LayerKind.Mean, Input = 1 },
                    new Layer { Kind = LayerKind.Quantize, Input = 2, Scale = 1 },
                    new Layer { Kind = LayerKind.Int8Linear, Input = 3, Weight = "w", WeightScale = "s" },
                ],
            };
            try
            {
                plan.Check(name => name switch { "c" => [channels, 1, 1, 1], "w" => weights, _ => scales });
                return null;
            }
            catch (FormatException e)
            {
                return e.Message;
            }
        }
    }

    [Fact]
    public void Numbers_that_processors_would_compute_differently_are_refused()
    {
        string weight = _file.Plan.Layers.First(layer => layer.Kind == LayerKind.Int8Convolution).Weight!;
        string bias = weight.Replace("weight", "bias", StringComparison.Ordinal);
        foreach (sbyte wrong in new sbyte[] { 64, -64, 127, -128 })
        {
            Try(bytes: (weight, wrong)).Should()
                .Be($"the tensor '{weight}' has the weight {wrong}, which is not between -63 and 63");
        }
        Try(bytes: (weight, 63)).Should().BeNull();
        foreach (float wrong in new[] { float.NaN, 0, -1, float.PositiveInfinity, 1e-20f })
        {
            Try(floats: ($"{weight}_scale", wrong)).Should()
                .Be($"the tensor '{weight}_scale' has a scale that is not between 1E-12 and 1E+12");
        }
        foreach (float wrong in new[] { float.NaN, float.NegativeInfinity })
            Try(floats: (bias, wrong)).Should().Be($"the tensor '{bias}' contains NaN or infinite numbers");
        Try(floats: (bias, float.MaxValue)).Should().BeNull("it is a number");
    }

    [Fact]
    public void Tensors_of_another_type_are_refused()
    {
        string weight = _file.Plan.Layers.First(layer => layer.Kind == LayerKind.Int8Convolution).Weight!;
        Try(retype: weight).Should().Be($"the tensor '{weight}' has to be of the type I8");
        Try(retype: "fc.weight").Should().Be("the tensor 'fc.weight' has to be of the type F32");
    }

    private InferenceFile Open(QuantizationOptions options) =>
        InferenceFile.Open(new MemoryStream(InferenceQuantizerTests.Quantize(_saved.File, options)));

    private int Find(Func<Layer, bool> isIt) => _file.Plan.Layers.ToList().FindIndex(layer => isIt(layer));

    private string? Try(int index, Func<Layer, Layer> change)
    {
        Layer[] layers = [.. _file.Plan.Layers];
        layers[index] = change(layers[index]);
        return Try(_file.Plan with { Layers = layers });
    }

    // Writes the file with a change, and returns why it is refused; null if it can be computed.
    private string? Try(
        InferencePlan? plan = null, (string Name, sbyte Value)? bytes = null, (string Name, float Value)? floats = null,
        string? retype = null)
    {
        var writer = new InferenceFileWriter();
        foreach (var layer in _file.Plan.Layers)
        {
            foreach (string name in layer.Tensors)
            {
                bool isBytes = name == layer.Weight && layer.IsInt8;
                if (isBytes != (name == retype))
                {
                    sbyte[] values = isBytes ? _file.ReadBytes(name) : new sbyte[_file.ReadTensor(name).Length];
                    if (bytes?.Name == name) values[^1] = bytes.Value.Value;
                    writer.Add(name, _file.ShapeOf(name)!, values);
                }
                else
                {
                    float[] values = isBytes ? new float[_file.ReadBytes(name).Length] : _file.ReadTensor(name);
                    if (floats?.Name == name) values[^1] = floats.Value.Value;
                    writer.Add(name, _file.ShapeOf(name)!, values);
                }
            }
        }
        var stream = new MemoryStream();
        writer.Write(stream, plan ?? _file.Plan, _file.Metadata);
        stream.Position = 0;
        try
        {
            using var model = InferenceModel.Open(stream);
            model.Run(new float[3 * 8 * 8], 1, 8, 8, new float[model.ClassCount]);
            return null;
        }
        catch (InferenceFileException e)
        {
            e.Message.Should().StartWith("The file 'the stream' is damaged: ").And.EndWith(".");
            return e.Message["The file 'the stream' is damaged: ".Length..^1];
        }
    }
}
