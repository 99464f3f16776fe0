using System.Diagnostics;
using System.Text.RegularExpressions;
using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;

namespace ResNet.Inference.Tests.Files;

public sealed partial class HostileFileTests
{
    private const int Files = 100_000;
    private const long MostMemory = 1L << 28;

    private static readonly InferenceOptions s_options = new() { Threads = 1 };

    // Together, they have layers of each kind.
    private static readonly ResNetOptions[] s_networks =
    [
        Small() with { Shortcut = ShortcutKind.ZeroPadding },
        Small() with
        {
            Block = BlockKind.Bottleneck, Groups = 2, WidthPerGroup = 64, Stem = StemKind.Deep,
            Shortcut = ShortcutKind.AveragePooledProjection,
        },
        Small() with { PreActivation = true, Stem = StemKind.Standard, Shortcut = ShortcutKind.Projection },
        Small() with { Norm = Norm.Group(2) },
    ];

    [Fact]
    public void Files_that_are_changed_anywhere_are_refused_or_give_finite_scores()
    {
        byte[][] files = [.. s_networks.Select(Save)];
        // There are no kernels of 8 bits for group norms.
        byte[][] quantized = [.. files[..^1].Select(file => Quantize(file)), .. files[..^1].Select(file => Quantize(file, all: true))];
        Mutator[] mutators = [.. files.Concat(quantized).Select(file => new Mutator(file))];
        long before = Memory();
        var outcomes = new Dictionary<string, int>();
        for (int i = 0; i < Files; i++)
        {
            byte[] file = mutators[i % mutators.Length].Next(new Random(i));
            string outcome;
            try
            {
                outcome = Use(file);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"The file {i} is not handled.", e);
            }
            outcome = Numbers().Replace(outcome, "#");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        (Memory() - before).Should().BeLessThan(MostMemory);
        outcomes[""].Should().BeGreaterThan(Files / 50, "some changes do not matter");
        outcomes.Keys.Count(outcome => outcome.StartsWith("The file 'the stream' is damaged: layer", StringComparison.Ordinal))
            .Should().BeGreaterThan(100, "the changes reach the checks of the plan");
        outcomes.Keys.Count(outcome => outcome.Contains("(Int#Convolution)", StringComparison.Ordinal))
            .Should().BeGreaterThan(20, "and those of layers with 8-bit integers");
    }

    // Returns the refusal; empty if the network gives scores, or does not take the images.
    private static string Use(byte[] file)
    {
        try
        {
            using var model = InferenceModel.Open(new MemoryStream(file), s_options);
            var scores = new float[model.ClassCount];
            try
            {
                float[] image = new float[model.Channels * 8 * 8];
                model.Run(image, 1, 8, 8, scores);
                model.Features(image, 1, 8, 8, new float[model.FeatureCount]);
                model.Explain(image, 1, 8, 8, new float[model.ClassCount], new float[8 * 8], []);
            }
            catch (ArgumentException refusal)
            {
                if (refusal.Message.StartsWith("Images of 8 × 8 pixels ", StringComparison.Ordinal)) return "";
                throw;
            }
            return Array.TrueForAll(scores, float.IsFinite) ? "" : throw new NotFiniteNumberException();
        }
        catch (InferenceFileException refusal)
        {
            return Sentence().IsMatch(refusal.Message) ? refusal.Message : throw new FormatException("This is no sentence.", refusal);
        }
    }

    private static long Memory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static ResNetOptions Small() => new()
    {
        Stem = StemKind.Cifar, StageDepths = [1, 1], StageWidths = [4, 8], Classes = 3,
    };

    private static byte[] Save(ResNetOptions options)
    {
        using var saved = new SavedNetwork(new ResNetModel(options));
        saved.Network.SaveForInference(saved.File, new InferenceExportOptions
        {
            Classes = ["cat", "dog", "bird"],
            Preprocessing = new Preprocessing(36, 32, ImageInterpolation.Bilinear, [0.5f, 0.4f, 0.3f], [0.2f, 0.3f, 0.4f]),
        });
        return File.ReadAllBytes(saved.File);
    }

    private static byte[] Quantize(byte[] file, bool all = false)
    {
        using var network = InferenceModel.Open(new MemoryStream(file), s_options);
        var quantizer = new InferenceQuantizer(network, new QuantizationOptions { FirstConvolution = all, Classifier = all });
        var random = new Random(5);
        float[] images = [.. Enumerable.Range(0, 2 * network.Channels * 32 * 32).Select(_ => (float)random.NextDouble() - 0.5f)];
        quantizer.Calibrate(images, 2, 32, 32);
        using var quantized = new MemoryStream();
        quantizer.Save(quantized);
        return quantized.ToArray();
    }

    [GeneratedRegex(@"^The file 'the stream' (is|has) [^\r\n]*[^.]\.\z")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"-?\d+")]
    private static partial Regex Numbers();
}
