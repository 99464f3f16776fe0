using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class RandomResizeTests
{
    [Fact]
    public void The_shorter_side_has_each_length_below_the_limit_and_the_longer_one_its_proportion()
    {
        var image = new FormulaPicture(channels: 3, width: 30, height: 20);
        var random = SplitMix64.For(7);
        var sizes = new HashSet<(int Width, int Height)>();
        for (int i = 0; i < 200; i++)
        {
            var canvas = image.Canvas();
            new RandomResize(10, 14).ApplyTo(canvas, ref random);
            sizes.Add((canvas.Width, canvas.Height));
        }
        sizes.Should().BeEquivalentTo([(15, 10), (16, 11), (18, 12), (19, 13)]);
    }

    [Fact]
    public void Bad_values_are_refused()
    {
        Refuse(() => new RandomResize(0, 10), "RandomResize.Minimum is 0, but has to be at least 1.");
        Refuse(() => new RandomResize(10, 10), "RandomResize.Limit is 10, but has to be more than the minimum, 10.");
        Refuse(() => new Compose(new RandomResize(10, 20)), "The transforms leave images in different sizes*");

        static void Refuse(Func<object> make, string message) => make.Should().Throw<ArgumentException>().WithMessage(message);
    }
}
