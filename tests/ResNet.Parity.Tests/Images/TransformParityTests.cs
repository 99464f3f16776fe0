using System.Globalization;
using System.Security.Cryptography;
using ResNet.Core.Weights.Formats;
using ResNet.Imaging;
using ResNet.Imaging.Color;
using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Loading.Transforms;
using TorchSharp;

namespace ResNet.Parity.Tests;

/// <summary>torchvision's transforms of Pillow images: the same pixels, and random numbers of the same distributions.</summary>
public sealed class TransformParityTests : IDisposable
{
    private const int Draws = 20_000;

    // The distance of two samples of one distribution exceeds this in one of some 10,000 comparisons.
    private const double Deviations = 2.2;

    // In standard deviations: the difference of two frequencies exceeds this in one of some 300,000 comparisons.
    private const double FrequencyDeviations = 4.5;

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("transforms.pth");

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData("noise")]
    [InlineData("noisy gradient")]
    [InlineData("narrow range")]
    [InlineData("one colour")]
    [InlineData("two rows")]
    [InlineData("one column")]
    [InlineData("grey noise")]
    [InlineData("grey gradient")]
    [InlineData("grey pixel")]
    public void Every_operation_gives_torchvisions_pixels_at_every_magnitude(string image)
    {
        using var file = Compute("operations", image);
        var source = new Picture(file.Tensors[$"{image}|image"]);
        int compared = 0;
        foreach (var (key, expected) in file.Tensors)
        {
            if (key.Split('|') is not [_, var operation, var interpolation, var fill]) continue;
            var magnitudes = file.Tensors[$"{key}|magnitudes"].data<double>().ToArray();
            var pixels = expected.bytes.ToArray().Chunk(source.Pixels.Length).ToArray();
            var filter = Enum.Parse<ImageInterpolation>(interpolation, ignoreCase: true);
            byte beyond = byte.Parse(fill, CultureInfo.InvariantCulture);
            for (int i = 0; i < magnitudes.Length; i++, compared++)
            {
                Apply(source, operation, magnitudes[i], filter, beyond).AsSpan().SequenceEqual(pixels[i])
                    .Should().BeTrue("{0} by {1} should give torchvision's pixels", key, magnitudes[i]);
            }
        }
        compared.Should().BeGreaterThan(1000);
    }

    [ParityTheory]
    [InlineData("adjust_hue")]
    [InlineData("adjust_saturation")]
    public void All_16_777_216_colours_become_torchvisions(string operation)
    {
        using var file = Compute("colours", operation);
        var colours = new byte[3 << 24];
        for (int i = 0; i < 1 << 24; i++)
            (colours[3 * i], colours[(3 * i) + 1], colours[(3 * i) + 2]) = ((byte)(i >> 16), (byte)(i >> 8), (byte)i);
        var source = new Picture(4096, 4096, 3, colours);
        foreach (var (factor, expected) in file.Tensors)
            SHA256.HashData(Apply(source, operation, float.Parse(factor, CultureInfo.InvariantCulture), ImageInterpolation.Nearest, 0))
                .Should().Equal(expected.bytes.ToArray(), factor);
    }

    [ParityTheory]
    [InlineData("RandAugment")]
    [InlineData("TrivialAugmentWide")]
    public void Magnitudes_are_torchvisions(string policy)
    {
        using var file = Compute("magnitudes", policy);
        var space = policy == "RandAugment" ? PolicySpace.RandAugment : PolicySpace.TrivialAugmentWide;
        var seen = new HashSet<PolicyOperation>();
        foreach (var (key, expected) in file.Tensors)
        {
            string[] parts = key.Split('|');
            var operation = Enum.Parse<PolicyOperation>(parts[0]);
            int[] numbers = [.. parts[1..].Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
            seen.Add(operation);
            PolicySpace.IsSigned(operation).Should().Be(numbers[3] == 1, key);
            for (int bin = 0; bin < numbers[0]; bin++)
            {
                double ours = space.Magnitude(operation, bin, numbers[0], new(numbers[1], numbers[2])), theirs = expected[bin].ToDouble();
                // The last bit of torch.linspace differs between processors; the integers computed from it do not.
                ours.Should().BeApproximately(theirs, 2e-7 * Math.Abs(theirs), key);
                ((int)ours).Should().Be((int)theirs, key);
            }
        }
        seen.Should().HaveCount(PolicySpace.Operations).And.Equal(Enum.GetValues<PolicyOperation>());
    }

    [ParityTheory]
    [InlineData("crops")]
    [InlineData("padded crops")]
    [InlineData("flips")]
    [InlineData("jitters")]
    [InlineData("policies")]
    [InlineData("erasures")]
    [InlineData("mixtures")]
    public void Random_numbers_have_torchvisions_distributions(string transforms)
    {
        using var file = Compute("draws", transforms);
        var ours = Draw(transforms);
        ours.Keys.Should().BeEquivalentTo(file.Tensors.Keys);
        foreach (var (name, values) in file.Tensors)
        {
            double[] theirs = [.. values.data<double>()], own = [.. ours[name]];
            if (name.StartsWith("choice: ", StringComparison.Ordinal)) ShouldBeAsFrequent(name, own, theirs);
            else Distance(own, theirs).Should().BeLessThan(Deviations * Math.Sqrt((1.0 / own.Length) + (1.0 / theirs.Length)), name);
        }
    }

    private static byte[] Apply(Picture source, string operation, double magnitude, ImageInterpolation interpolation, byte fill)
    {
        var canvas = new Canvas();
        canvas.Begin(source);
        int channels = canvas.Channels;
        float factor = (float)magnitude;
        switch (operation)
        {
            case "adjust_brightness": ColorOperations.Brightness(canvas.Pixels(), factor); break;
            case "adjust_contrast": ColorOperations.Contrast(canvas.Pixels(), channels, factor); break;
            case "adjust_saturation":
                ColorOperations.Saturation(canvas.Pixels(), channels, factor, canvas.Spare(canvas.Width, canvas.Height));
                break;
            case "adjust_hue": HueRotation.Apply(canvas.Pixels(), channels, factor); break;
            case "to_grayscale": ColorOperations.Grey(canvas.Pixels(), channels); break;
            default: Enum.Parse<PolicyOperation>(operation).Apply(canvas, magnitude, interpolation, fill); break;
        }
        return canvas.Pixels().ToArray();
    }

    private static Dictionary<string, List<double>> Draw(string transforms)
    {
        var draws = new Dictionary<string, List<double>>();
        Action<Action<string, double>> draw = transforms switch
        {
            "crops" => DrawCrops,
            "padded crops" => DrawPaddedCrops,
            "flips" => DrawFlips,
            "jitters" => DrawJitters,
            "policies" => DrawPolicies,
            "erasures" => DrawErasures,
            _ => DrawMixtures,
        };
        draw((name, value) =>
        {
            if (!draws.TryGetValue(name, out var values)) draws[name] = values = [];
            values.Add(value);
        });
        return draws;
    }

    private static void DrawCrops(Action<string, double> add)
    {
        var random = SplitMix64.For(1);
        var crop = new RandomResizedCrop(224);
        foreach (var (name, width, height) in new[] { ("photograph", 500, 375), ("strip", 400, 60) })
            for (int i = 0; i < Draws; i++)
            {
                var area = crop.Draw(width, height, ref random);
                string prefix = $"RandomResizedCrop {name}";
                add($"{prefix} area", area.Width * area.Height / (double)(width * height));
                add($"{prefix} ratio", (double)area.Width / area.Height);
                add($"{prefix} left", area.Left);
                add($"{prefix} top", area.Top);
                add($"{prefix} width", area.Width);
            }
    }

    private static void DrawPaddedCrops(Action<string, double> add)
    {
        var random = SplitMix64.For(7);
        var padded = new RandomCrop(32, padding: 4);
        var asNeeded = new RandomCrop(32, padding: 4) { PadIfNeeded = true };
        for (int i = 0; i < Draws; i++)
        {
            int top = padded.Draw(32, 32, ref random) + 4, left = padded.Draw(32, 32, ref random) + 4;
            add("choice: RandomCrop place", (top * 9) + left);
            add("choice: RandomCrop top, padded as needed", asNeeded.Draw(20, 32, ref random));
            add("choice: RandomCrop left, padded as needed", asNeeded.Draw(20, 32, ref random));
        }
    }

    private static void DrawFlips(Action<string, double> add)
    {
        var random = SplitMix64.For(2);
        var canvas = new Canvas();
        var picture = new Picture(2, 1, 1, [0, 1]);
        for (int i = 0; i < Draws; i++)
        {
            canvas.Begin(picture);
            new RandomHorizontalFlip(0.3).ApplyTo(canvas, ref random);
            add("choice: RandomHorizontalFlip", canvas.Pixels()[0]);
        }
    }

    private static void DrawJitters(Action<string, double> add)
    {
        var random = SplitMix64.For(3);
        var jitter = new ColorJitter(brightness: 0.4, saturation: 1.3, hue: 0.1) { Contrast = (0.2, 1.5) };
        Span<ColorJitter.Change> changes = stackalloc ColorJitter.Change[4];
        for (int i = 0; i < Draws; i++)
        {
            jitter.Draw(changes, ref random);
            int order = 0;
            foreach (var (step, amount) in changes)
            {
                order = (10 * order) + (int)step;
                add($"ColorJitter {step.ToString().ToLowerInvariant()}", amount);
            }
            add("choice: ColorJitter order", order);
        }
    }

    private static void DrawPolicies(Action<string, double> add)
    {
        var random = SplitMix64.For(4);
        var size = new ImageSize(224, 331);
        for (int i = 0; i < Draws; i++)
        {
            var first = new RandAugment().Draw(size, ref random);
            var second = new RandAugment().Draw(size, ref random);
            add("choice: RandAugment pair", ((int)first.Operation * PolicySpace.Operations) + (int)second.Operation);
            Add(PolicySpace.RandAugment, "RandAugment", first);
            Add(PolicySpace.RandAugment, "RandAugment", second);
            Add(PolicySpace.TrivialAugmentWide, "TrivialAugmentWide", new TrivialAugmentWide().Draw(size, ref random));
        }

        void Add(PolicySpace space, string policy, (PolicyOperation Operation, double Magnitude) drawn)
        {
            add($"choice: {policy} operation", (int)drawn.Operation);
            add($"{policy} magnitude of {drawn.Operation}", drawn.Magnitude);
            if (!PolicySpace.IsSigned(drawn.Operation)) return;
            double bin = Math.Round(30 * Math.Abs(drawn.Magnitude) / space.Magnitude(drawn.Operation, 30, 31, size));
            add($"choice: {policy} sign and bin", Math.CopySign(1 + bin, drawn.Magnitude));
        }
    }

    private static void DrawErasures(Action<string, double> add)
    {
        var random = SplitMix64.For(5);
        var canvas = new Canvas();
        foreach (var (name, width, height) in new[] { ("square", 224, 224), ("strip", 200, 12) })
        {
            var picture = new Picture(width, height, 1, new byte[width * height]);
            for (int i = 0; i < Draws; i++)
            {
                canvas.Begin(picture);
                new RandomErasing().ApplyTo(canvas, ref random);
                add($"choice: RandomErasing {name}", canvas.Erasures.Count);
                foreach (var (area, _, _) in canvas.Erasures)
                {
                    add($"RandomErasing {name} area", area.Width * area.Height / (double)(width * height));
                    add($"RandomErasing {name} ratio", (double)area.Height / area.Width);
                    add($"RandomErasing {name} left", area.Left);
                    add($"RandomErasing {name} top", area.Top);
                }
            }
        }
    }

    private static void DrawMixtures(Action<string, double> add)
    {
        var random = SplitMix64.For(6);
        foreach (var (name, alpha) in new[] { ("0.05", 0.05), ("0.2", 0.2), ("1.0", 1.0), ("4.0", 4.0) })
            for (int i = 0; i < Draws; i++) add($"Mixup {name}", new Mixup(p: 1, alpha).Draw(ref random)!.Value);
        for (int i = 0; i < Draws; i++)
        {
            var area = new CutMix(p: 1).Draw(224, 160, ref random)!.Value;
            add("CutMix left", area.Left);
            add("CutMix top", area.Top);
            add("CutMix width", area.Width);
            add("CutMix height", area.Height);
            add("CutMix area", area.Width * area.Height / (224.0 * 160));
        }
    }

    private static void ShouldBeAsFrequent(string name, double[] ours, double[] theirs)
    {
        var own = ours.CountBy(value => value).ToDictionary();
        var other = theirs.CountBy(value => value).ToDictionary();
        own.Keys.Should().BeEquivalentTo(other.Keys, name);
        foreach (var (choice, count) in own)
        {
            double all = (double)(count + other[choice]) / (ours.Length + theirs.Length);
            double deviation = Math.Sqrt(all * (1 - all) * ((1.0 / ours.Length) + (1.0 / theirs.Length)));
            double frequency = (double)count / ours.Length, expected = (double)other[choice] / theirs.Length;
            frequency.Should().BeApproximately(expected, FrequencyDeviations * deviation, "{0} {1}", name, choice);
        }
    }

    /// <summary>The largest difference between two samples' cumulative frequencies (Kolmogorov and Smirnov).</summary>
    private static double Distance(double[] first, double[] second)
    {
        Array.Sort(first);
        Array.Sort(second);
        double largest = 0;
        for (int i = 0, j = 0; i < first.Length && j < second.Length;)
        {
            // Equal values of single and double precision count as one.
            double value = Math.Max(first[i], second[j]);
            value = Math.Min(first[i], second[j]) + (1e-6 * Math.Max(1, Math.Abs(value)));
            while (i < first.Length && first[i] <= value) i++;
            while (j < second.Length && second[j] <= value) j++;
            largest = Math.Max(largest, Math.Abs(((double)i / first.Length) - ((double)j / second.Length)));
        }
        return largest;
    }

    private WeightsFile Compute(string command, params string[] arguments)
    {
        Reference.RunScript("transforms.py", [command, .. arguments, FilePath]);
        return WeightsFile.Load(FilePath);
    }
}
