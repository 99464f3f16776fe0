using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary>Expected values were computed in Python by torchvision's formulas, from the same random numbers.</summary>
public sealed class DrawTests
{
    [Fact]
    public void Resized_crops_have_torchvisions_areas_ratios_and_places()
    {
        var random = SplitMix64.For(7);
        var crop = new RandomResizedCrop(224);
        Area[] drawn = [.. Enumerable.Range(0, 4).Select(_ => crop.Draw(500, 375, ref random))];
        drawn.Should().Equal(new(164, 138, 245, 221), new(174, 58, 290, 254), new(112, 162, 251, 197), new(24, 0, 386, 318));
    }

    [Theory]
    [InlineData(1000, 10, 0.75, 4 / 3.0, 493, 0, 13, 10)]
    [InlineData(10, 1000, 0.75, 4 / 3.0, 0, 493, 10, 13)]
    [InlineData(9, 9, 4, 4, 0, 3, 9, 2)]
    [InlineData(9, 9, 0.25, 0.25, 3, 0, 2, 9)]
    [InlineData(20, 11, 0.25, 0.25, 8, 0, 3, 11)]
    [InlineData(11, 20, 4, 4, 0, 8, 11, 3)]
    [InlineData(1, 1, 0.75, 4 / 3.0, 0, 0, 1, 1)]
    public void A_resized_crop_that_never_fits_is_the_largest_central_part(
        int width, int height, double least, double most, int left, int top, int cropWidth, int cropHeight)
    {
        var random = SplitMix64.For(9);
        new RandomResizedCrop(224) { Scale = (1, 1), Ratio = (least, most) }.Draw(width, height, ref random)
            .Should().Be(new Area(left, top, cropWidth, cropHeight));
    }

    [Fact]
    public void Erased_rectangles_have_torchvisions_areas_ratios_and_places()
    {
        var random = SplitMix64.For(7);
        var erasing = new RandomErasing();
        Area?[] drawn = [.. Enumerable.Range(0, 4).Select(_ => erasing.Draw(224, 224, ref random))];
        drawn.Should().Equal(new Area(8, 24, 80, 198), new Area(39, 34, 167, 74), new Area(89, 27, 103, 144), new Area(150, 17, 62, 136));

        random = SplitMix64.For(7);
        drawn = [.. Enumerable.Range(0, 4).Select(_ => erasing.Draw(20, 30, ref random))];
        drawn.Should().Equal(new Area(0, 8, 9, 22), new Area(2, 5, 18, 8), new Area(7, 5, 11, 16), new Area(12, 3, 7, 15));
    }

    [Fact]
    public void A_rectangle_as_high_or_as_wide_as_the_image_is_not_erased()
    {
        var random = SplitMix64.For(3);
        new RandomErasing { Scale = (0.9, 1) }.Draw(2, 2, ref random).Should().BeNull();
        new RandomErasing { Scale = (0.25, 0.25), Ratio = (4, 4) }.Draw(8, 8, ref random).Should().BeNull();
        new RandomErasing { Scale = (0.25, 0.25), Ratio = (0.25, 0.25) }.Draw(8, 8, ref random).Should().BeNull();
        new RandomErasing { Scale = (0.25, 0.25), Ratio = (1, 1) }.Draw(8, 8, ref random)!.Value.Width.Should().Be(4);
    }

    [Theory]
    [InlineData(32, 4, false, new[] { -1, -3, 4, 4, 3, 1, 1, 2 })]
    [InlineData(40, 0, false, new[] { 3, 1, 8, 8, 7, 5, 5, 6 })]
    [InlineData(20, 4, true, new[] { -7, -8, -4, -4, -5, -5, -5, -5 })]
    public void Padded_crops_start_where_torchvisions_do(int length, int padding, bool padIfNeeded, int[] expected)
    {
        var random = SplitMix64.For(11);
        var crop = new RandomCrop(32, padding) { PadIfNeeded = padIfNeeded };
        expected.Select(_ => crop.Draw(length, 32, ref random)).Should().Equal(expected);
    }

    [Fact]
    public void A_crop_larger_than_the_padded_image_is_refused_unless_it_is_padded_as_needed()
    {
        var random = SplitMix64.For(11);
        var draw = () =>
        {
            var numbers = SplitMix64.For(11);
            return new RandomCrop(32, padding: 5).Draw(21, 32, ref numbers);
        };
        draw.Should().Throw<TransformException>().Which.Reason.Should().StartWith("it is 21 pixels high or wide, with 5 more on each side");
        new RandomCrop(32, padding: 6).Draw(20, 32, ref random).Should().Be(-6);
    }

    [Fact]
    public void A_crop_draws_the_row_first_and_fills_the_border()
    {
        var picture = new FormulaPicture(1, width: 6, height: 4);
        var canvas = picture.Canvas();
        var random = SplitMix64.For(11);
        new RandomCrop(new ImageSize(4, 6), padding: 2) { Fill = 9 }.ApplyTo(canvas, ref random);
        random = SplitMix64.For(11);
        int top = random.NextInt(5) - 2, left = random.NextInt(5) - 2;
        byte[] before = picture.Pixels;
        byte[] expected = [.. Enumerable.Range(0, 24).Select(i => Pixel(left + (i % 6), top + (i / 6)))];
        canvas.Pixels().ToArray().Should().Equal(expected);

        byte Pixel(int x, int y) => x is >= 0 and < 6 && y is >= 0 and < 4 ? before[(y * 6) + x] : (byte)9;
    }

    [Theory]
    [InlineData(0.3, new[] { false, true, false, false })]
    [InlineData(1, new[] { true, true, true, true })]
    [InlineData(0, new[] { false, false, false, false })]
    public void An_image_is_mirrored_with_the_probability(double p, bool[] expected)
    {
        var random = SplitMix64.For(11);
        foreach (bool flips in expected)
        {
            var picture = new FormulaPicture(1, width: 2, height: 1);
            var canvas = picture.Canvas();
            new RandomHorizontalFlip(p).ApplyTo(canvas, ref random);
            canvas.Pixels()[0].Should().Be(picture.Pixels[flips ? 1 : 0]);
        }
        new RandomHorizontalFlip(p).IsRandom.Should().Be(p is > 0 and < 1);
    }

    [Fact]
    public void Jitter_draws_the_amounts_first_and_shuffles_the_steps_afterwards()
    {
        var random = SplitMix64.For(3);
        var changes = new ColorJitter.Change[4];
        new ColorJitter(brightness: 0.4, saturation: 1.3, hue: 0.1) { Contrast = (0.2, 1.5) }.Draw(changes, ref random);
        changes.Select(change => change.Step).Should().Equal(
            ColorJitter.Step.Brightness, ColorJitter.Step.Hue, ColorJitter.Step.Contrast, ColorJitter.Step.Saturation);
        double[] expected = [1.1088573776113662, 0.08124155670265462, 1.4386814032435864, 1.2600511083342105];
        foreach (var (change, amount) in changes.Zip(expected)) change.Amount.Should().BeApproximately(amount, 1e-12);
    }

    [Fact]
    public void Each_step_of_a_jitter_makes_it_random()
    {
        new ColorJitter(brightness: 0.1).IsRandom.Should().BeTrue();
        new ColorJitter(contrast: 0.1).IsRandom.Should().BeTrue();
        new ColorJitter(saturation: 0.1).IsRandom.Should().BeTrue();
        new ColorJitter(hue: 0.1).IsRandom.Should().BeTrue();
    }

    [Fact]
    public void RandAugment_draws_an_operation_and_then_its_sign()
    {
        var random = SplitMix64.For(4);
        var policy = new RandAugment();
        var drawn = Enumerable.Range(0, 8).Select(_ => policy.Draw(new(224, 331), ref random)).ToList();
        drawn.Select(one => one.Operation).Should().Equal(
            PolicyOperation.Equalize, PolicyOperation.Solarize, PolicyOperation.Rotate, PolicyOperation.ShearY,
            PolicyOperation.ShearX, PolicyOperation.Color, PolicyOperation.TranslateX, PolicyOperation.TranslateX);
        double[] expected = [0, 178.5, -9, -0.09, -0.09, -0.27, 45, 45];
        foreach (var (one, magnitude) in drawn.Zip(expected)) one.Magnitude.Should().BeApproximately(magnitude, 1e-4);
    }

    [Fact]
    public void TrivialAugmentWide_draws_an_operation_a_bin_and_then_its_sign()
    {
        var random = SplitMix64.For(4);
        var policy = new TrivialAugmentWide();
        var drawn = Enumerable.Range(0, 8).Select(_ => policy.Draw(new(224, 331), ref random)).ToList();
        drawn.Select(one => one.Operation).Should().Equal(
            PolicyOperation.Equalize, PolicyOperation.Rotate, PolicyOperation.Contrast, PolicyOperation.Color,
            PolicyOperation.Identity, PolicyOperation.Rotate, PolicyOperation.AutoContrast, PolicyOperation.Color);
        double[] expected = [0, 135 * 26 / 30.0, -0.99 * 3 / 30, 0.99 * 29 / 30, 0, -135 * 22 / 30.0, 0, -0.99 * 14 / 30];
        foreach (var (one, magnitude) in drawn.Zip(expected)) one.Magnitude.Should().BeApproximately(magnitude, 1e-4);
    }

    [Fact]
    public void Erasing_adds_rectangles_with_the_probability()
    {
        var canvas = new FormulaPicture(3).Canvas();
        var random = SplitMix64.For(1);
        new RandomErasing(p: 0).ApplyTo(canvas, ref random);
        canvas.Erasures.Should().BeEmpty();
        new RandomErasing(p: 1) { Value = [1, 2, 3] }.ApplyTo(canvas, ref random);
        new RandomErasing(p: 1) { Noise = true }.ApplyTo(canvas, ref random);
        canvas.Erasures.Should().HaveCount(2);
        canvas.Erasures[0].Value.Should().Equal(1, 2, 3);
        canvas.Erasures[1].Value.Should().BeNull();
        // An area of nothing is not erased.
        new RandomErasing(p: 1) { Scale = (0, 0) }.ApplyTo(canvas, ref random);
        canvas.Erasures.Should().HaveCount(2);
    }
}
