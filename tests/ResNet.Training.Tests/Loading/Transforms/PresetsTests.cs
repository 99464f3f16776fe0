using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Loading.Transforms;

// torchvision's references/classification/presets.py.
public class PresetsTests
{
    [Fact]
    public void Training_is_torchvisions_preset()
    {
        Presets.Training().Should().Equal(new RandomResizedCrop(224), new RandomHorizontalFlip(0.5), Normalize.ImageNet);
        var policy = new TrivialAugmentWide { Interpolation = ImageInterpolation.Bilinear };
        Presets.Training(176, policy: policy, randomErasing: 0.1).Select(step => step.GetType())
            .Should().Equal(
                typeof(RandomResizedCrop), typeof(RandomHorizontalFlip), typeof(TrivialAugmentWide), typeof(Normalize),
                typeof(RandomErasing));
        Presets.Training(horizontalFlip: 0).Should().Equal(new RandomResizedCrop(224), Normalize.ImageNet);
        Presets.Training(randomErasing: 0.1).OfType<RandomErasing>().Single().P.Should().Be(0.1);
    }

    [Fact]
    public void Evaluation_is_torchvisions_preset() =>
        Presets.Evaluation().Should().Equal(new Resize(256), new CenterCrop(224), Normalize.ImageNet);

    [Fact]
    public void Small_images_are_cut_out_of_a_border_of_an_eighth()
    {
        Presets.SmallImageTraining().Should().Equal(new RandomCrop(32, padding: 4), new RandomHorizontalFlip(0.5), Normalize.ImageNet);
        var none = () => Presets.SmallImageTraining(0);
        none.Should().Throw<ArgumentException>().WithMessage("RandomCrop.Size is 0*");
        var wide = () => new RandomCrop(32, padding: int.MaxValue);
        wide.Should().Throw<ArgumentException>().WithMessage("RandomCrop.Padding is 2147483647, but has to be between 0 and 268435456.");
    }
}
