using ResNet.Imaging.Color;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public class ColorJitterTests
{
    // The hashes are those of torchvision 0.14.1 with Pillow 9.4, in RGB and in mode L: functional.adjust_….
    [Theory]
    [InlineData("Brightness", 0f, "83473a45503be351", "c2316b046c96be0b")]
    [InlineData("Brightness", 0.4f, "6e49faf79e07e47a", "f94c34979670b934")]
    [InlineData("Brightness", 1.6f, "65058178e637c478", "f5aa8ab156873eb2")]
    [InlineData("Contrast", 0f, "0df2e30ebabeb402", "ad5175072913103e")]
    [InlineData("Contrast", 0.4f, "ae45aaa5f3460af3", "f50907c7706a236d")]
    [InlineData("Contrast", 1.6f, "48e02bb5ad9b5b22", "1a34f69777b54e97")]
    [InlineData("Saturation", 0f, "6d6fa0feb35dc5c8", "d397e34f59f267a7")]
    [InlineData("Saturation", 0.4f, "ec3a6ce599360525", "d397e34f59f267a7")]
    [InlineData("Saturation", 1.6f, "0547c767508e231a", "d397e34f59f267a7")]
    [InlineData("Hue", -0.5f, "5008043b9b14d9b3", "d397e34f59f267a7")]
    [InlineData("Hue", -0.1f, "d50efeb2783880d5", "d397e34f59f267a7")]
    [InlineData("Hue", 0.001f, "fd20a02d95d1ed40", "d397e34f59f267a7")]
    [InlineData("Hue", 0.25f, "ec09758849f8b9c3", "d397e34f59f267a7")]
    public void Each_step_gives_Pillows_pixels(string step, float factor, string rgb, string grey)
    {
        FormulaPicture.Hash(Do(Fixed(step, factor), new FormulaPicture(3), seed: 0)).Should().Be(rgb);
        FormulaPicture.Hash(Do(Fixed(step, factor), new FormulaPicture(1), seed: 0)).Should().Be(grey);
    }

    // torchvision's adjust_hue of one pixel.
    [Theory]
    [InlineData(-0.25f, 138, 0, 255)]
    [InlineData(0.1f, 255, 150, 0)]
    [InlineData(0.5f, 0, 255, 252)]
    public void Red_turns_round_the_circle(float turn, int red, int green, int blue)
    {
        byte[] pixel = [255, 0, 0];
        HueRotation.Apply(pixel, 3, turn);
        pixel.Should().Equal((byte)red, (byte)green, (byte)blue);
    }

    [Fact]
    public void Numbers_are_ranges_around_no_change()
    {
        var jitter = new ColorJitter(brightness: 0.4, contrast: 1.5, saturation: 0, hue: 0.1);
        jitter.Brightness.Should().Be((0.6, 1.4));
        jitter.Contrast.Should().Be((0, 2.5));
        jitter.Saturation.Should().Be((1, 1));
        jitter.Hue.Should().Be((-0.1, 0.1));
    }

    [Fact]
    public void No_change_leaves_every_pixel_and_is_not_random()
    {
        var picture = new FormulaPicture(3);
        Do(new ColorJitter(), picture, seed: 5).Should().Equal(picture.Pixels);
        new ColorJitter().IsRandom.Should().BeFalse();
        new ColorJitter(hue: 0.1).IsRandom.Should().BeTrue();
    }

    [Fact]
    public void Steps_come_in_any_order()
    {
        // Doubling and then halving cuts off what doubling made too bright; the other way round it does not.
        var jitter = new ColorJitter { Brightness = (2, 2), Contrast = (0.5, 0.5) };
        var outcomes = Enumerable.Range(0, 40).Select(seed => FormulaPicture.Hash(Do(jitter, new FormulaPicture(3), seed))).ToList();
        outcomes.Distinct().Should().HaveCount(2);
        outcomes.Should().Equal(Enumerable.Range(0, 40).Select(seed => FormulaPicture.Hash(Do(jitter, new FormulaPicture(3), seed))));
    }

    [Fact]
    public void Grey_has_three_equal_channels_and_Pillows_luma()
    {
        byte[] pixels = [255, 0, 0, 0, 128, 255, 10, 200, 30, 90, 80, 70];
        ColorOperations.Grey(pixels, 3);
        pixels.Should().Equal(76, 76, 76, 104, 104, 104, 124, 124, 124, 82, 82, 82);

        var picture = new FormulaPicture(3);
        FormulaPicture.Hash(Do(new Grayscale(), picture, seed: 0)).Should().Be("6d6fa0feb35dc5c8");
        var grey = new FormulaPicture(1);
        Do(new Grayscale(), grey, seed: 0).Should().Equal(grey.Pixels);
        new Grayscale().IsRandom.Should().BeFalse();
    }

    [Fact]
    public void Bad_ranges_are_refused_by_name()
    {
        Refuse(() => new ColorJitter(brightness: -0.1), "ColorJitter.Brightness is -0.1, but has to be at least 0.");
        Refuse(() => new ColorJitter(hue: 0.6), "ColorJitter.Hue is 0.6, but has to be between 0 and 0.5.");
        Refuse(
            () => new ColorJitter { Contrast = (2, 1) },
            "ColorJitter.Contrast is (2, 1), but has to be two numbers of at least 0, the smaller one first.");
        Refuse(
            () => new ColorJitter { Saturation = (0, double.NaN) },
            "ColorJitter.Saturation is (0, NaN), but has to be two numbers of at least 0, the smaller one first.");
        Refuse(
            () => new ColorJitter { Hue = (-0.6, 0) },
            "ColorJitter.Hue is (-0.6, 0), but has to be two numbers of at least -0.5 and at most 0.5, the smaller one first.");

        static void Refuse(Func<object> make, string message) => make.Should().Throw<ArgumentException>().WithMessage(message);
    }

    private static ColorJitter Fixed(string step, float factor) => step switch
    {
        "Brightness" => new() { Brightness = (factor, factor) },
        "Contrast" => new() { Contrast = (factor, factor) },
        "Saturation" => new() { Saturation = (factor, factor) },
        _ => new() { Hue = (factor, factor) },
    };

    private static byte[] Do(Transform transform, FormulaPicture picture, int seed)
    {
        var canvas = picture.Canvas();
        var random = SplitMix64.For(seed);
        transform.ApplyTo(canvas, ref random);
        return canvas.Pixels().ToArray();
    }
}
