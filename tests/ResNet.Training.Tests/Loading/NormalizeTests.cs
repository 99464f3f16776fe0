using ResNet.Imaging.Transforms;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading;

public class NormalizeTests
{
    // (pixel / 255 - mean) / deviation, computed by hand.
    [Fact]
    public void Each_channel_is_normalised_by_its_own_numbers()
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(new byte[] { 0, 51, 102, 255, 204, 153 }, [1, 1, 2, 3]);
        var result = new Normalize([0.5f, 0.2f, 0f], [0.5f, 0.1f, 2f]).Apply(pixels, CPU);
        result.shape.Should().Equal(1, 3, 1, 2);
        result.contiguous().data<float>().ToArray().Should().Equal([-1f, 1f, 0f, 6f, 0.2f, 0.3f], (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void The_result_is_channels_last_in_memory()
    {
        using var scope = NewDisposeScope();
        Normalize.ImageNet.Apply(zeros([2, 8, 6, 3], ScalarType.Byte), CPU).stride().Should().Equal(144, 1, 18, 3);
    }

    [Fact]
    public void The_pixels_stay_as_they_were()
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(new byte[] { 1, 2, 3 }, [1, 1, 1, 3]);
        Normalize.ImageNet.Apply(pixels, CPU);
        pixels.data<byte>().ToArray().Should().Equal(1, 2, 3);
    }

    [Fact]
    public void Images_with_other_channels_and_bad_numbers_are_refused()
    {
        using var grey = zeros([1, 4, 4, 1], ScalarType.Byte);
        var apply = () => Normalize.ImageNet.Apply(grey, CPU);
        apply.Should().Throw<ArgumentException>()
            .Which.Message.Should().StartWith("The images have the shape [1, 4, 4, 1], but the normalisation takes [N, H, W, 3].");
        var make = () => new Normalize([0.5f], [0f]);
        make.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Only_bytes_are_normalised_however_they_lie_in_memory()
    {
        using var floats = zeros([1, 2, 2, 3]);
        var apply = () => Normalize.ImageNet.Apply(floats, CPU);
        apply.Should().Throw<ArgumentException>().WithMessage("The images are Float32, but the normalisation takes uint8.*");

        using var scope = NewDisposeScope();
        var planes = arange(24, ScalarType.Byte).view(1, 3, 2, 4);
        var strided = planes.permute(0, 2, 3, 1);
        Normalize.ImageNet.Apply(strided, CPU).data<float>().ToArray()
            .Should().Equal(Normalize.ImageNet.Apply(strided.contiguous(), CPU).data<float>().ToArray());
    }

    [Fact]
    public void Two_with_the_same_numbers_are_equal()
    {
        new Normalize([0.5f, 0.25f], [1, 2]).Should().Be(new Normalize([0.5f, 0.25f], [1, 2]))
            .And.NotBe(new Normalize([0.5f, 0.25f], [1, 3]));
        new RandomErasing { Value = [1, 2, 3] }.Should().Be(new RandomErasing { Value = [1, 2, 3] }).And.NotBe(new RandomErasing());
        new RandomChoice(new Mixup(), new CutMix()).Should().Be(new RandomChoice(new Mixup(), new CutMix()))
            .And.NotBe(new RandomChoice(new CutMix()));
    }
}
