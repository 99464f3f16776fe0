using ResNet.Core;
using ResNet.Inference.Execution;
using ResNet.Inference.Files;
using ResNet.Inference.Plans;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests.Quantization;

public sealed class InferenceQuantizerTests
{
    private const int Side = 32;

    private static readonly QuantizationOptions s_all = new() { FirstConvolution = true, Classifier = true };

    public static TheoryData<string> Networks => ["resnet20", "resnet18", "resnet50", "resnet18d", "preact_resnet18", "resnext50_32x4d"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Each_layer_of_integers_is_what_its_definition_says(string name) => CheckLayers(name, new());

    [Theory]
    [InlineData("resnet20")]
    [InlineData("resnet50")]
    [InlineData("resnet18d")]
    public void So_are_the_first_convolution_and_the_classifier_if_asked(string name)
    {
        var plan = CheckLayers(name, s_all);
        plan.Layers[0].Kind.Should().Be(LayerKind.Quantize);
        plan.Layers[1].Kind.Should().Be(LayerKind.Int8Convolution);
        plan.Layers[^1].Kind.Should().Be(LayerKind.Int8Linear);
    }

    [Fact]
    public void Images_of_one_and_of_five_channels_become_bytes()
    {
        foreach (int channels in new[] { 1, 5 })
        {
            using var network = ResNets.Create("resnet20", classes: 7, inputChannels: channels, seed: 1);
            using var saved = new SavedNetwork(network);
            using var floats = InferenceModel.Open(saved.File);
            var random = new Random(1);
            float[] images = [.. Enumerable.Range(0, 3 * channels * Side * Side).Select(_ => random.NextSingle() - 0.5f)];
            var quantizer = new InferenceQuantizer(floats, s_all);
            quantizer.Calibrate(images, 3, Side, Side);
            var stream = new MemoryStream();
            quantizer.Save(stream);
            using var model = InferenceModel.Open(new MemoryStream(stream.ToArray()));
            float[] expected = new float[21], actual = new float[21];
            floats.Run(images, 3, Side, Side, expected);
            model.Run(images, 3, Side, Side, actual);
            Error(expected, actual).Should().BeLessThan(0.15, "{0} channels", channels);
        }
    }

    [Fact]
    public void Explanations_read_a_classifier_of_integers()
    {
        using var saved = new SavedNetwork("resnet18");
        using var model = InferenceModel.Open(new MemoryStream(Quantize(saved.File, s_all)));
        using var floats = InferenceModel.Open(saved.File);
        var (expected, actual) = (Map(floats), Map(model));
        Error(expected, actual).Should().BeLessThan(0.2);

        float[] Map(InferenceModel network)
        {
            float[] maps = new float[2 * 64 * 64], scores = new float[2 * network.ClassCount];
            var random = new Random(5);
            float[] images = [.. Enumerable.Range(0, 2 * 3 * 64 * 64).Select(_ => (random.NextSingle() * 4) - 2)];
            network.Explain(images, 2, 64, 64, scores, maps, [3, 4]);
            return maps;
        }
    }

    private static InferencePlan CheckLayers(string name, QuantizationOptions options)
    {
        using var saved = new SavedNetwork(name);
        byte[] file = Quantize(saved.File, options);
        using var model = InferenceModel.Open(new MemoryStream(file));
        model.IsQuantized.Should().BeTrue();
        int checkedLayers = 0;
        model.Observe(new Images(Images(2, 9), 2, Side, Side), (session, value) =>
        {
            if (value == 0 || model.File.Plan.Layers[value - 1] is not { IsInt8: true } layer) return;
            CheckLayer(model.File, session, layer, value);
            checkedLayers++;
        }, CancellationToken.None);
        checkedLayers.Should().Be(model.File.Plan.Layers.Count(layer => layer.IsInt8)).And.BeGreaterThan(10);
        return model.File.Plan;
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_quantized_network_gives_nearly_the_same_scores(string name)
    {
        using var saved = new SavedNetwork(name);
        using var model = InferenceModel.Open(new MemoryStream(Quantize(saved.File)));
        using var floats = InferenceModel.Open(saved.File);
        float[] images = Images(4, 5), expected = Scores(floats, images), actual = Scores(model, images);
        Error(expected, actual).Should().BeInRange(1e-6, 0.15, "the weights have 7 bits");
        using var all = InferenceModel.Open(new MemoryStream(Quantize(saved.File, s_all)));
        Error(expected, Scores(all, images)).Should().BeInRange(1e-6, 0.2, "all weights have");
    }

    [Fact]
    public void Stages_and_features_of_a_quantized_network_are_floats()
    {
        using var saved = new SavedNetwork("resnet18");
        using var floats = InferenceModel.Open(saved.File);
        foreach (var options in new[] { new(), s_all })
        {
            using var model = InferenceModel.Open(new MemoryStream(Quantize(saved.File, options)));
            model.Stages.Should().Be(4);
            var (expected, actual) = (Outputs(floats), Outputs(model));
            for (int i = 0; i < expected.Length; i++) Error(expected[i], actual[i]).Should().BeLessThan(0.15, "output {0}", i);
        }

        float[][] Outputs(InferenceModel network)
        {
            float[] images = Images(2, 5);
            var shapes = Enumerable.Range(0, network.Stages + 1).Select(stage => network.StageShape(stage, Side, Side));
            float[][] maps = [.. shapes.Select(shape => new float[2 * shape.Channels * shape.Height * shape.Width])];
            network.StageOutputs(images, 2, Side, Side, [.. maps.Select(map => map.AsMemory())]);
            var features = new float[2 * network.FeatureCount];
            network.Features(images, 2, Side, Side, features);
            return [.. maps, features];
        }
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        foreach (string name in new[] { "resnet20", "resnet50" })
        {
            using var saved = new SavedNetwork(name);
            byte[] file = Quantize(saved.File, s_all);
            float[] images = Images(2, 5), expected = [];
            foreach (int threads in new[] { 1, 2, 3, 8 })
            {
                using var model = InferenceModel.Open(new MemoryStream(file), new InferenceOptions { Threads = threads });
                for (int i = 0; i < 3; i++)
                {
                    float[] scores = Scores(model, images);
                    if (expected.Length == 0) expected = scores;
                    scores.Should().Equal(expected, "{0}, {1} threads", name, threads);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Every_width_of_vectors_gives_the_same_scores_but_for_single_bytes(VectorWidth width)
    {
        // Layers of floats differ in their last bits between widths, so that a byte may differ by one after them. What the layers of
        // integers compute from the same bytes is compared in Int8ConvolutionTests, bit by bit.
        using var saved = new SavedNetwork("resnet20");
        byte[] file = Quantize(saved.File);
        using var model = InferenceModel.Open(new MemoryStream(file), new InferenceOptions { Vectors = width });
        using var widest = InferenceModel.Open(new MemoryStream(file));
        float[] images = Images(2, 5), expected = Scores(widest, images), actual = Scores(model, images);
        (expected.Zip(actual, (x, y) => Math.Abs(x - y)).Max() / expected.Max(Math.Abs)).Should().BeLessThan(0.02f);
    }

    [Fact]
    public void The_same_images_give_the_same_file_whatever_their_batches()
    {
        using var saved = new SavedNetwork("resnet20");
        using var model = InferenceModel.Open(saved.File, new InferenceOptions { WinogradTile = 0 });
        float[] images = Images(8, 3);
        byte[] expected = File(8), other = File(8);
        other.Should().Equal(expected);
        // Sums of floats do not depend on the batch with products alone.
        File(1).Should().Equal(expected);

        byte[] File(int batch)
        {
            var quantizer = new InferenceQuantizer(model);
            int length = 3 * Side * Side;
            for (int i = 0; i < 8; i += batch) quantizer.Calibrate(images.AsSpan(i * length, batch * length), batch, Side, Side);
            quantizer.ImageCount.Should().Be(8);
            var stream = new MemoryStream();
            quantizer.Save(stream);
            return stream.ToArray();
        }
    }

    [Fact]
    public void A_trained_network_keeps_its_accuracy()
    {
        const int Classes = 10, Size = 8, Count = 1000;
        using var scope = NewDisposeScope();
        manual_seed(1);
        var patterns = randn(Classes, 1, Size, Size);
        using var network = ResNets.Create("resnet20", classes: Classes, inputChannels: 1, seed: 1);
        var optimizer = optim.Adam(network.parameters(), 2e-3);
        network.train();
        for (int step = 0; step < 50; step++)
        {
            using var inner = NewDisposeScope();
            var (images, labels) = Draw(32);
            optimizer.zero_grad();
            nn.functional.cross_entropy(network.call(images), labels).backward();
            optimizer.step();
        }
        using var saved = new SavedNetwork(network, draw: false);
        using var floats = InferenceModel.Open(saved.File);
        var quantizer = new InferenceQuantizer(floats);
        quantizer.Calibrate(Draw(512).Images.data<float>().ToArray(), 512, Size, Size);
        var stream = new MemoryStream();
        quantizer.Save(stream);
        using var integers = InferenceModel.Open(new MemoryStream(stream.ToArray()));
        var (tests, classes) = Draw(Count);
        float[] pixels = tests.data<float>().ToArray();
        long[] expected = classes.data<long>().ToArray();
        double before = Accuracy(floats), after = Accuracy(integers);
        before.Should().BeInRange(0.6, 0.999, "the task can be learned, but not without mistakes");
        after.Should().BeGreaterThanOrEqualTo(before - 0.01);

        (Tensor Images, Tensor Labels) Draw(int count)
        {
            var labels = randint(0, Classes, count);
            return (patterns[labels] + (1.5 * randn(count, 1, Size, Size)), labels);
        }

        double Accuracy(InferenceModel model)
        {
            var scores = new float[Count * Classes];
            model.Run(pixels, Count, Size, Size, scores);
            return scores.Chunk(Classes).Where((row, i) => Array.IndexOf(row, row.Max()) == expected[i]).Count() / (double)Count;
        }
    }

    [Fact]
    public void What_cannot_be_quantized_is_refused()
    {
        using var saved = new SavedNetwork("resnet20");
        using var model = InferenceModel.Open(saved.File);
        var quantizer = new InferenceQuantizer(model);
        quantizer.Invoking(q => q.Save(new MemoryStream())).Should().Throw<InvalidOperationException>()
            .WithMessage("There are no images to choose ranges from: call Calibrate before Save.");
        quantizer.Invoking(q => q.Calibrate(new float[5], 1, Side, Side)).Should().Throw<ArgumentException>()
            .WithMessage("The images have 5 numbers, but 1 × 3 × 32 × 32 are 3072.");
        quantizer.ImageCount.Should().Be(0);
        using var quantized = InferenceModel.Open(new MemoryStream(Quantize(saved.File)));
        Action again = () => _ = new InferenceQuantizer(quantized);
        again.Should().Throw<ArgumentException>().WithMessage(
            "The network computes with 8-bit integers already: quantize the file that it was made from.");
        model.IsQuantized.Should().BeFalse();
    }

    internal static byte[] Quantize(string file, QuantizationOptions? options = null)
    {
        using var model = InferenceModel.Open(file);
        var quantizer = new InferenceQuantizer(model, options);
        quantizer.Calibrate(Images(8, 3), 8, Side, Side);
        var stream = new MemoryStream();
        quantizer.Save(stream);
        return stream.ToArray();
    }

    // The root of the mean squared error, as a part of that of the numbers.
    private static double Error(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual, (x, y) => Math.Pow(x - y, 2)).Sum() / expected.Sum(x => x * x));

    private static float[] Images(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count * 3 * Side * Side).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }

    private static float[] Scores(InferenceModel model, float[] images)
    {
        int count = images.Length / (3 * Side * Side);
        var scores = new float[count * model.ClassCount];
        model.Run(images, count, Side, Side, scores);
        return scores;
    }

    // Computes the output from the input in the session, in integers and double precision.
    private static void CheckLayer(InferenceFile file, Session session, Layer layer, int value)
    {
        var shape = file.ShapeOf(layer.Weight!)!;
        int output = (int)shape[0], input = (int)shape[1], kernel = layer.Kernel;
        sbyte[] weights = file.ReadBytes(layer.Weight!);
        float[] scales = file.ReadTensor(layer.WeightScale!), bias = layer.Bias is null ? new float[output] : file.ReadTensor(layer.Bias);
        var source = file.Plan.Layers[layer.Input - 1];
        var (from, to) = (session.ShapeOf(layer.Input), session.ShapeOf(value));
        float[] read = Read(layer.Input), written = Read(value), added = layer.Add is { } add ? Read(add) : [];
        int[] pixels = [.. read.Select(number => (int)Math.Round(number / source.Scale))];
        var random = new Random(value);
        for (int i = 0; i < 400; i++)
        {
            int place = random.Next(written.Length);
            int x = place % to.Width, y = place / to.Width % to.Height, o = place / to.Width / to.Height % output;
            int n = place / to.Width / to.Height / output;
            long sum = 0;
            for (int t = 0; t < input * kernel * kernel; t++)
            {
                int c = t / kernel / kernel;
                int row = (y * layer.Stride) - layer.Padding + (t / kernel % kernel * layer.Dilation);
                int column = (x * layer.Stride) - layer.Padding + (t % kernel * layer.Dilation);
                if (row < 0 || row >= from.Height || column < 0 || column >= from.Width) continue;
                sum += (long)pixels[(((((n * input) + c) * from.Height) + row) * from.Width) + column]
                    * weights[(o * input * kernel * kernel) + t];
            }
            double expected = (sum * (double)source.Scale * scales[o]) + bias[o] + (added.Length > 0 ? added[place] : 0);
            if (layer.Relu) expected = Math.Max(expected, 0);
            if (!layer.GivesBytes)
            {
                written[place].Should().BeApproximately((float)expected, 1e-4f * (1 + Math.Abs((float)expected)));
                continue;
            }
            double exact = Math.Clamp((expected / layer.Scale) + layer.ZeroPoint, 0, 255);
            double actual = Math.Round(written[place] / layer.Scale) + layer.ZeroPoint;
            // Floats round the number before it becomes a byte, by less than a thousandth of a step.
            Math.Abs(actual - exact).Should().BeLessThan(0.501, "{0} of value {1}", place, value);
        }

        float[] Read(int number)
        {
            var (channels, height, width) = session.ShapeOf(number);
            var values = new float[session.Images * channels * height * width];
            session.Read(number, values);
            return values;
        }
    }
}
