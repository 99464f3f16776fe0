using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public class PolicyTests
{
    public static TheoryData<Transform> Policies => new(
        new RandAugment(), new RandAugment(operations: 4, magnitude: 30) { Interpolation = ImageInterpolation.Bilinear },
        new TrivialAugmentWide(), new TrivialAugmentWide { Interpolation = ImageInterpolation.Bicubic, Fill = 128 });

    [Theory]
    [MemberData(nameof(Policies))]
    public void The_same_random_numbers_make_the_same_pixels_and_others_make_others(Transform policy)
    {
        Enumerable.Range(0, 50).Select(seed => Do(policy, seed)).Should().Equal(Enumerable.Range(0, 50).Select(seed => Do(policy, seed)));
        Enumerable.Range(0, 50).Select(seed => Do(policy, seed)).Distinct().Should().HaveCountGreaterThan(20);
        policy.IsRandom.Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Images_leave_no_garbage_behind(Transform policy)
    {
        var picture = new FormulaPicture(3);
        var canvas = picture.Canvas();
        for (int i = 0; i < 300; i++) Do(i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 300; i++) Do(i);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(300);

        void Do(int seed)
        {
            var random = SplitMix64.For(seed);
            canvas.Begin(picture);
            policy.ApplyTo(canvas, ref random);
        }
    }

    // torchvision's tables, computed by hand: bin 9 of 31 is 9/30 of the way.
    [Theory]
    [InlineData("ShearX", 0.09)]
    [InlineData("TranslateX", 45)]
    [InlineData("TranslateY", 30.45317)]
    [InlineData("Rotate", 9)]
    [InlineData("Sharpness", 0.27)]
    [InlineData("Posterize", 7)]
    [InlineData("Solarize", 178.5)]
    [InlineData("Equalize", 0)]
    public void RandAugments_magnitude_9_is_torchvisions(string operation, double expected) =>
        PolicySpace.RandAugment.Magnitude(Enum.Parse<PolicyOperation>(operation), 9, 31, new(224, 331))
            .Should().BeApproximately(expected, 1e-4);

    [Theory]
    [InlineData("ShearX", 0.99)]
    [InlineData("TranslateX", 32)]
    [InlineData("Rotate", 135)]
    [InlineData("Color", 0.99)]
    [InlineData("Posterize", 2)]
    [InlineData("Solarize", 0)]
    public void TrivialAugmentWides_strongest_magnitudes_are_torchvisions(string operation, double expected) =>
        PolicySpace.TrivialAugmentWide.Magnitude(Enum.Parse<PolicyOperation>(operation), 30, 31, new(224, 224))
            .Should().BeApproximately(expected, 1e-6);

    [Fact]
    public void No_operations_leave_the_image()
    {
        var picture = new FormulaPicture(3);
        var canvas = picture.Canvas();
        var random = SplitMix64.For(1);
        new RandAugment(operations: 0).ApplyTo(canvas, ref random);
        canvas.Pixels().ToArray().Should().Equal(picture.Pixels);
        new RandAugment(operations: 0).IsRandom.Should().BeFalse();
    }

    [Fact]
    public void Bad_values_are_refused_by_name()
    {
        Refuse(() => new RandAugment(operations: -1), "RandAugment.Operations is -1, but has to be at least 0.");
        Refuse(() => new RandAugment(magnitude: 31), "RandAugment.Magnitude is 31, but has to be between 0 and 30.");
        Refuse(() => new RandAugment(bins: 1), "RandAugment.Bins is 1, but has to be at least 2.");
        Refuse(() => new TrivialAugmentWide(bins: 0), "TrivialAugmentWide.Bins is 0, but has to be at least 2.");
        Refuse(
            () => new TrivialAugmentWide { Interpolation = (ImageInterpolation)9 },
            "TrivialAugmentWide.Interpolation is 9, but has to be one of Bilinear, Bicubic, Nearest.");

        static void Refuse(Func<object> make, string message) => make.Should().Throw<ArgumentException>().WithMessage(message);
    }

    private static string Do(Transform policy, int seed)
    {
        var canvas = new FormulaPicture(3).Canvas();
        var random = SplitMix64.For(seed);
        policy.ApplyTo(canvas, ref random);
        return FormulaPicture.Hash(canvas.Pixels());
    }
}
