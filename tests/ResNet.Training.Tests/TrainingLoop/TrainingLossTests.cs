using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

public sealed class TrainingLossTests : IDisposable
{
    private static readonly double[] s_weights = [0.5, 1, 2.5];

    private readonly Tensor _logits = tensor(new float[,] { { 2, -1, 0.5f }, { 0.1f, 0.2f, 0.3f }, { -1, 3, 0 }, { 0.5f, 0.5f, -2 } });
    private readonly Tensor _labels = tensor(new long[] { 0, 2, 0, 1 });
    private readonly Tensor _shares = tensor(new float[,] { { 1, 0, 0 }, { 0.3f, 0, 0.7f }, { 0.6f, 0.4f, 0 }, { 0, 1, 0 } });

    public void Dispose()
    {
        _logits.Dispose();
        _labels.Dispose();
        _shares.Dispose();
    }

    // PyTorch 1.13.1: torch.nn.functional.cross_entropy(logits, labels, weight=weights, label_smoothing=smoothing), and the third row of
    // the gradient of the logits.
    [Theory]
    [InlineData(false, 0, false, 1.5106272, -0.245713, 0.234060, 0.011653)]
    [InlineData(false, 0, true, 1.1981832, -0.109206, 0.104027, 0.005179)]
    [InlineData(false, 0.1, true, 1.3070318, -0.101481, 0.113957, -0.012476)]
    [InlineData(true, 0, true, 1.0084589, -0.071999, 0.063842, 0.008157)]
    [InlineData(true, 0.1, false, 1.1832937, -0.139046, 0.135727, 0.003320)]
    [InlineData(true, 0.1, true, 1.1648633, -0.068394, 0.080332, -0.011938)]
    public void Cross_entropy_and_the_focal_loss_of_gamma_0_are_PyTorchs_cross_entropy(
        bool mixed, double smoothing, bool weighted, double expected, params double[] gradient)
    {
        foreach (double? gamma in new double?[] { null, 0 })
        {
            var options = new TrainerOptions { LabelSmoothing = smoothing, ClassWeights = weighted ? s_weights : null, FocalGamma = gamma };
            var (loss, gradients) = Compute(options, _logits, mixed ? _shares : _labels);
            loss.Should().BeApproximately(expected, 1e-6);
            gradients[6..9].Zip(gradient).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 2e-6);
        }
    }

    // The formula of the paper, -alpha (1 - p)^gamma log p, by PyTorch 1.13.1: the mean of the images, weighted by their alpha.
    [Theory]
    [InlineData(0.5, false, 1.3670894)]
    [InlineData(2, false, 1.1345179)]
    [InlineData(5, false, 0.9646600)]
    [InlineData(0.5, true, 1.0205855)]
    [InlineData(2, true, 0.7045763)]
    [InlineData(5, true, 0.4770246)]
    public void Focal_loss_is_the_formula_of_the_paper(double gamma, bool weighted, double expected)
    {
        var options = new TrainerOptions { LabelSmoothing = 0, ClassWeights = weighted ? s_weights : null, FocalGamma = gamma };
        Compute(options, _logits, _labels).Loss.Should().BeApproximately(expected, 1e-6);
    }

    // The mean over the images of the sum over the classes of -share (1 - p)^2 log p, by PyTorch 1.13.1.
    [Theory]
    [InlineData(false, 0.1, 1.1524242)]
    [InlineData(true, 0, 0.7557811)]
    [InlineData(true, 0.1, 0.8115612)]
    public void Focal_loss_of_softer_labels_is_that_of_all_classes_times_their_shares(bool mixed, double smoothing, double expected)
    {
        var options = new TrainerOptions { LabelSmoothing = smoothing, FocalGamma = 2 };
        Compute(options, _logits, mixed ? _shares : _labels).Loss.Should().BeApproximately(expected, 1e-6);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    public void Gradients_of_images_that_are_recognised_with_certainty_are_finite(double gamma)
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[,] { { 200, -200, 0 }, { -200, 200, 0 } });
        var (loss, gradients) = Compute(new TrainerOptions { LabelSmoothing = 0, FocalGamma = gamma }, logits, tensor(new long[] { 0, 0 }));
        loss.Should().BeApproximately(200, 1e-3, "one image is certain, and the other certainly wrong");
        gradients.Should().OnlyContain(value => float.IsFinite(value));
    }

    [Fact]
    public void Bad_weights_and_exponents_are_refused()
    {
        Refused(() => new TrainerOptions { ClassWeights = [] }, "TrainerOptions.ClassWeights is [], but has to be numbers more than 0.");
        Refused(
            () => new TrainerOptions { ClassWeights = [1, 0] },
            "TrainerOptions.ClassWeights is [1, 0], but has to be numbers more than 0.");
        Refused(
            () => new TrainerOptions { ClassWeights = [double.NaN] },
            "TrainerOptions.ClassWeights is [NaN], but has to be numbers more than 0.");
        Refused(() => new TrainerOptions { FocalGamma = -1 }, "TrainerOptions.FocalGamma is -1, but has to be at least 0.");
        Refused(
            () => new TrainerOptions { FocalGamma = double.PositiveInfinity },
            "TrainerOptions.FocalGamma is Infinity, but has to be at least 0.");

        static void Refused(Func<TrainerOptions> make, string message) =>
            make.Should().Throw<InvalidOptionException>().WithMessage(message);
    }

    private static (double Loss, float[] Gradients) Compute(TrainerOptions options, Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var input = logits.detach().clone().requires_grad_();
        using var loss = new TrainingLoss(options, CPU);
        var value = loss.Compute(input, labels);
        value.backward();
        return (value.item<float>(), input.grad!.data<float>().ToArray());
    }
}
