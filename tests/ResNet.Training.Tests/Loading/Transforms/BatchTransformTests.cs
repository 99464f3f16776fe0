using ResNet.Imaging.Randomness;
using ResNet.Testing;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading.Transforms;

public class BatchTransformTests
{
    private const int Classes = 5;

    // torchvision's RandomMixup computes x * part + roll(x, 1) * (1 - part).
    [Fact]
    public void Mixup_blends_each_image_and_class_with_the_one_before()
    {
        using var scope = NewDisposeScope();
        var (inputs, labels) = Batch();
        var before = inputs.clone();
        var targets = new Mixup(p: 1, alpha: 0.7).Apply(inputs, labels, Classes, seed: 1, epoch: 2, batch: 3);
        double part = targets[0, 4].item<float>();
        part.Should().BeInRange(0.001, 0.999);
        for (int i = 0; i < 4; i++)
        {
            inputs[i].allclose(before[i].mul(part).add(before[(i + 3) % 4].mul(1 - part)), rtol: 0, atol: 1e-6).Should().BeTrue();
            targets[i, 4 - i].item<float>().Should().BeApproximately((float)part, 1e-6f);
            targets[i, 4 - ((i + 3) % 4)].item<float>().Should().BeApproximately(1 - (float)part, 1e-6f);
        }
    }

    [Fact]
    public void CutMix_takes_a_rectangle_from_the_image_before_and_the_class_in_proportion()
    {
        using var scope = NewDisposeScope();
        for (int batch = 0; batch < 30; batch++)
        {
            var (inputs, labels) = Batch();
            var before = inputs.clone();
            var targets = new CutMix(p: 1).Apply(inputs, labels, Classes, seed: 1, epoch: 2, batch);
            for (int i = 0; i < 4; i++)
            {
                var own = inputs[i].eq(before[i]).to(ScalarType.Float32);
                var other = inputs[i].eq(before[(i + 3) % 4]).to(ScalarType.Float32);
                own.add(other).data<float>().ToArray().Should().OnlyContain(value => value == 1);
                float part = own.mean().item<float>();
                targets[i, 4 - i].item<float>().Should().BeApproximately(part, 1e-6f);
                targets[i].sum().item<float>().Should().BeApproximately(1, 1e-6f);
            }
        }
    }

    [Theory]
    [InlineData("mixup")]
    [InlineData("cutmix")]
    [InlineData("either")]
    public void The_numbers_given_decide_everything(string name)
    {
        using var scope = NewDisposeScope();
        var first = Mixed(1, 2, 3);
        Mixed(1, 2, 3).Should().Equal(first);
        Mixed(2, 2, 3).Should().NotEqual(first);
        Mixed(1, 3, 3).Should().NotEqual(first);
        Mixed(1, 2, 4).Should().NotEqual(first);

        float[] Mixed(long seed, int epoch, int batch)
        {
            var (inputs, labels) = Batch();
            var targets = Create(name).Apply(inputs, labels, Classes, seed, epoch, batch);
            return [.. inputs.contiguous().data<float>(), .. targets.data<float>()];
        }
    }

    [Theory]
    [InlineData("mixup")]
    [InlineData("cutmix")]
    [InlineData("either")]
    public void Only_the_targets_are_left_of_the_tensors(string name)
    {
        using var inputs = rand(4, 3, 16, 12);
        using var labels = tensor(new long[] { 0, 1, 2, 3 });
        long before = LiveTensors.Count();
        for (int batch = 0; batch < 20; batch++)
        {
            using var targets = Create(name).Apply(inputs, labels, Classes, 1, 2, batch);
            targets.shape.Should().Equal(4, Classes);
            Tensor.TotalCount.Should().Be(before + 1);
        }
    }

    [Fact]
    public void A_probability_of_0_leaves_the_images_and_gives_whole_classes()
    {
        using var scope = NewDisposeScope();
        foreach (BatchTransform transform in new BatchTransform[] { new Mixup(p: 0), new CutMix(p: 0) })
        {
            var (inputs, labels) = Batch();
            var before = inputs.clone();
            transform.Apply(inputs, labels, Classes, 1, 2, 3).argmax(1).data<long>().ToArray().Should().Equal(4, 3, 2, 1);
            inputs.allclose(before, rtol: 0, atol: 0).Should().BeTrue();
        }
    }

    [Fact]
    public void A_batch_of_one_mixes_with_itself()
    {
        using var scope = NewDisposeScope();
        var inputs = rand(1, 3, 8, 8);
        var before = inputs.clone();
        var targets = new Mixup(p: 1).Apply(inputs, tensor(new long[] { 2 }), Classes, 1, 2, 3);
        inputs.allclose(before, rtol: 0, atol: 1e-6).Should().BeTrue();
        targets[0, 2].item<float>().Should().BeApproximately(1, 1e-6f);
    }

    [Fact]
    public void Targets_have_the_inputs_type_and_inputs_keep_their_layout()
    {
        using var scope = NewDisposeScope();
        var inputs = rand(4, 8, 6, 3).to(ScalarType.Float64).permute(0, 3, 1, 2);
        var strides = inputs.stride();
        new CutMix(p: 1).Apply(inputs, tensor(new long[] { 0, 1, 2, 3 }), Classes, 1, 2, 3).dtype.Should().Be(ScalarType.Float64);
        inputs.stride().Should().Equal(strides);
    }

    [Fact]
    public void A_choice_takes_each_transform_as_often()
    {
        using var scope = NewDisposeScope();
        var choice = new RandomChoice(new Mixup(p: 1), new CutMix(p: 1), new Mixup(p: 0));
        int cut = 0, whole = 0;
        for (int batch = 0; batch < 600; batch++)
        {
            using var inner = NewDisposeScope();
            // The smallest batch that distinguishes the transforms: they blend 0 and 1, exchange a rectangle, or change nothing.
            var inputs = tensor(new float[] { 0, 1 }).reshape(2, 1, 1, 1).repeat(1, 1, 40, 40);
            choice.Apply(inputs, tensor(new long[] { 0, 1 }), Classes, seed: 5, epoch: 0, batch);
            var values = inputs[0].data<float>().ToArray();
            if (values.All(value => value == 0)) whole++;
            else if (values.All(value => value is 0 or 1)) cut++;
        }
        // Some rectangles are empty.
        whole.Should().BeInRange(160, 260);
        cut.Should().BeInRange(140, 240);
    }

    // The mean and variance are 1/2 and 1 / (4 (2 alpha + 1)).
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(8)]
    public void Beta_numbers_have_the_distributions_moments(double alpha)
    {
        var random = SplitMix64.For(3);
        double[] draws = [.. Enumerable.Range(0, 200_000).Select(_ => random.NextBeta(alpha))];
        draws.Should().OnlyContain(value => value >= 0 && value <= 1);
        draws.Average().Should().BeApproximately(0.5, 0.004);
        draws.Average(value => (value - 0.5) * (value - 0.5))
            .Should().BeApproximately(1 / (4 * ((2 * alpha) + 1)), 0.01 / ((2 * alpha) + 1));
    }

    // The mean, variance and third central moment are k, k and 2 k.
    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(5.5)]
    public void Gamma_numbers_have_the_distributions_moments(double shape)
    {
        var random = SplitMix64.For(4);
        double[] draws = [.. Enumerable.Range(0, 400_000).Select(_ => Math.Exp(random.NextLogGamma(shape)))];
        draws.Average().Should().BeApproximately(shape, 0.015 * shape);
        draws.Average(value => Math.Pow(value - shape, 2)).Should().BeApproximately(shape, 0.03 * shape);
        draws.Average(value => Math.Pow(value - shape, 3)).Should().BeApproximately(2 * shape, 0.1 * 2 * shape);
    }

    [Fact]
    public void The_smallest_alphas_still_give_numbers()
    {
        var random = SplitMix64.For(5);
        Enumerable.Range(0, 1000).Select(_ => random.NextBeta(1e-6)).Should().OnlyContain(value => value >= 0 && value <= 1);
    }

    [Fact]
    public void Bad_values_and_tensors_are_refused()
    {
        using var scope = NewDisposeScope();
        var (inputs, labels) = Batch();
        var mixup = new Mixup();
        Refuse(() => new Mixup(p: -1), "Mixup.P is -1, but has to be between 0 and 1.");
        Refuse(() => new Mixup(alpha: 0), "Mixup.Alpha is 0, but has to be more than 0.");
        Refuse(() => new CutMix(alpha: double.NaN), "CutMix.Alpha is NaN, but has to be more than 0.");
        Refuse(() => new RandomChoice(), "RandomChoice.Transforms is [], but has to be one transform or more, none of them null.");
        Refuse(() => mixup.Apply(inputs, labels, 0, 1, 2, 3), "There are 0 classes, but there has to be at least 1.*");
        Refuse(
            () => mixup.Apply(inputs[0], labels, Classes, 1, 2, 3),
            "The inputs are Float32 [3, 8, 6], but have to be floating-point numbers [N, C, H, W].*");
        Refuse(() => mixup.Apply(inputs.to(ScalarType.Byte), labels, Classes, 1, 2, 3), "The inputs are Byte [4, 3, 8, 6], but*");
        Refuse(
            () => mixup.Apply(inputs, labels.narrow(0, 0, 3), Classes, 1, 2, 3),
            "The labels are Int64 [3], but have to be int64 numbers [4], one an image.*");

        static void Refuse(Func<object> make, string message) => make.Should().Throw<ArgumentException>().WithMessage(message);
    }

    private static BatchTransform Create(string name) => name switch
    {
        "mixup" => new Mixup(p: 1, alpha: 0.2),
        "cutmix" => new CutMix(p: 1),
        _ => new RandomChoice(new Mixup(p: 1, alpha: 0.2), new CutMix(p: 1)),
    };

    private static (Tensor Inputs, Tensor Labels) Batch() =>
        (arange(4 * 3 * 8 * 6, ScalarType.Float32).reshape(4, 3, 8, 6).div_(576), tensor(new long[] { 4, 3, 2, 1 }));
}
