using ResNet.Imaging.Color;
using ResNet.Imaging.Policies;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public class PolicyOperationTests
{
    private const ImageInterpolation Nearest = ImageInterpolation.Nearest;
    private const ImageInterpolation Bilinear = ImageInterpolation.Bilinear;
    private const ImageInterpolation Bicubic = ImageInterpolation.Bicubic;

    // The hashes are those of torchvision 0.14.1 with Pillow 9.4, in RGB and in mode L: autoaugment._apply_op.
    [Theory]
    [InlineData("ShearX", 0.3, Nearest, 0, "37d438718eaa3008", "b46bf5fd28672a0e")]
    [InlineData("ShearX", -0.99, Bilinear, 77, "99b0815ece78c0e9", "a562c9e895780ae3")]
    [InlineData("ShearX", 0.5, Bicubic, 0, "3773ea53ae4c447b", "80d42149631b3e7c")]
    [InlineData("ShearY", 0.2, Nearest, 9, "14dfcaa8b766f170", "442b809df62419e3")]
    [InlineData("ShearY", -0.66, Bilinear, 0, "9b505ad8850e9427", "d3d5690fd32756bb")]
    [InlineData("ShearY", 0.2, Bicubic, 255, "cbe8404c3d5b31bf", "e4e19a9bcc9573bf")]
    [InlineData("TranslateX", 7.9, Nearest, 0, "bb0087d822b761e0", "282c1f690c7eb6c5")]
    [InlineData("TranslateX", -5.0, Bilinear, 100, "c2dfc73795173b00", "14697fd3cbfbac42")]
    [InlineData("TranslateY", -11.2, Nearest, 0, "9f1dd2fc88b00a2f", "6ac3efbb10d4a4d7")]
    [InlineData("TranslateY", 3.0, Bicubic, 0, "ef0792451c229470", "3edaa6f2cacaa41d")]
    [InlineData("Rotate", 30.0, Nearest, 0, "f2c1de96d7a31691", "c909a0092697fb3f")]
    [InlineData("Rotate", -135.0, Nearest, 50, "4ffa063f0b78aaf2", "94c58dbb781ffeb5")]
    [InlineData("Rotate", 90.0, Nearest, 0, "84767f9a84e72668", "8a1ebeffee02b41b")]
    [InlineData("Rotate", 12.5, Bilinear, 0, "ec4feb694de1798e", "edc81e91739343a6")]
    [InlineData("Rotate", -67.5, Bilinear, 128, "78d78f4e6aa797e5", "e23973c183a6f6d5")]
    [InlineData("Rotate", 45.0, Bicubic, 0, "79055b2cd81ebba8", "0ee830dde314f29e")]
    [InlineData("Brightness", 0.9, Nearest, 0, "898e6bc484fbeb73", "e5e5a6e69a13ec68")]
    [InlineData("Brightness", -0.33, Nearest, 0, "c2035a0be7fcd469", "1f5b23815e190299")]
    [InlineData("Color", 0.99, Nearest, 0, "a9bff9b435ee026b", "d397e34f59f267a7")]
    [InlineData("Color", -0.6, Nearest, 0, "ec3a6ce599360525", "d397e34f59f267a7")]
    [InlineData("Contrast", 0.5, Nearest, 0, "640e2b7b53423351", "ac523081589c19a1")]
    [InlineData("Contrast", -0.9, Nearest, 0, "ff3a9aab5f6ad27b", "a913a254e33f906c")]
    [InlineData("Sharpness", 0.9, Nearest, 0, "489f00628a41b822", "b397f661f02943f9")]
    [InlineData("Sharpness", -0.45, Nearest, 0, "e44e01111efa7062", "c9f34c193cdb2b9e")]
    [InlineData("Posterize", 4, Nearest, 0, "b3871b2b235eb413", "1bd4122cfcf1569c")]
    [InlineData("Posterize", 2, Nearest, 0, "a1a8c534fda74332", "4360f4f3fefd20cc")]
    [InlineData("Solarize", 110.5, Nearest, 0, "4174ae016fde7a80", "b6e40e2541504fa9")]
    [InlineData("Solarize", 0.0, Nearest, 0, "86083194ad2b8f20", "d6b43ca857714730")]
    [InlineData("AutoContrast", 0.0, Nearest, 0, "ecfd8b7437ef413c", "d397e34f59f267a7")]
    [InlineData("Equalize", 0.0, Nearest, 0, "da982ce92769be76", "abdee5849c426a76")]
    public void Operations_give_Pillows_pixels(
        string operation, double magnitude, ImageInterpolation interpolation, byte fill, string rgb, string grey)
    {
        FormulaPicture.Hash(Do(new FormulaPicture(3), operation, magnitude, interpolation, fill)).Should().Be(rgb);
        FormulaPicture.Hash(Do(new FormulaPicture(1), operation, magnitude, interpolation, fill)).Should().Be(grey);
    }

    // The picture as pixels // 4 + 60, so that there is something to stretch.
    [Theory]
    [InlineData("AutoContrast", "364cf01694f3fcc6")]
    [InlineData("Equalize", "f6256cd24c4c48aa")]
    public void A_faint_picture_gets_Pillows_contrast(string operation, string expected)
    {
        byte[] pixels = [.. new FormulaPicture(3).Pixels.Select(value => (byte)((value / 4) + 60))];
        if (operation == "Equalize") ToneOperations.Equalize(pixels, 3);
        else ToneOperations.AutoContrast(pixels, 3);
        FormulaPicture.Hash(pixels).Should().Be(expected);
    }

    [Theory]
    [InlineData("Identity", 0.5)]
    [InlineData("ShearX", 0)]
    [InlineData("ShearY", 0)]
    [InlineData("TranslateX", 0.99)]
    [InlineData("TranslateY", -0.99)]
    [InlineData("Rotate", 0)]
    [InlineData("Rotate", 360)]
    [InlineData("Brightness", 0)]
    [InlineData("Color", 0)]
    [InlineData("Contrast", 0)]
    [InlineData("Sharpness", 0)]
    [InlineData("Posterize", 8)]
    [InlineData("Solarize", 256)]
    public void A_magnitude_of_nothing_leaves_every_pixel(string operation, double magnitude)
    {
        foreach (int channels in new[] { 1, 3 })
        {
            var picture = new FormulaPicture(channels);
            foreach (var interpolation in Enum.GetValues<ImageInterpolation>())
                Do(picture, operation, magnitude, interpolation, fill: 200).Should().Equal(picture.Pixels);
        }
    }

    [Theory]
    [InlineData(Nearest)]
    [InlineData(Bilinear)]
    [InlineData(Bicubic)]
    public void A_quarter_turn_is_counter_clockwise_and_keeps_every_pixel_of_a_square(ImageInterpolation interpolation)
    {
        var square = new FormulaPicture(1, 21, 21);
        byte[] turned = Do(square, "Rotate", 90, interpolation, fill: 0), before = square.Pixels;
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 21; x++) turned[(y * 21) + x].Should().Be(before[(x * 21) + 20 - y]);
    }

    [Theory]
    [InlineData(Nearest)]
    [InlineData(Bilinear)]
    [InlineData(Bicubic)]
    public void Pixels_from_beyond_the_image_have_the_fill(ImageInterpolation interpolation)
    {
        var picture = new FormulaPicture(3);
        Do(picture, "TranslateY", 100, interpolation, fill: 42).Should().OnlyContain(value => value == 42);
        Do(picture, "TranslateX", 1, interpolation, fill: 42).Take(3).Should().Equal(42, 42, 42);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 9)]
    [InlineData(9, 2)]
    [InlineData(3, 3)]
    public void Small_images_have_all_operations_done(int width, int height)
    {
        foreach (int channels in new[] { 1, 3 })
            foreach (var operation in Enum.GetValues<PolicyOperation>())
                foreach (var interpolation in Enum.GetValues<ImageInterpolation>())
                    Do(new FormulaPicture(channels, width, height), operation.ToString(), 1, interpolation, fill: 0)
                        .Should().HaveCount(width * height * channels);
    }

    private static byte[] Do(FormulaPicture picture, string operation, double magnitude, ImageInterpolation interpolation, byte fill)
    {
        var canvas = picture.Canvas();
        Enum.Parse<PolicyOperation>(operation).Apply(canvas, magnitude, interpolation, fill);
        return canvas.Pixels().ToArray();
    }
}
