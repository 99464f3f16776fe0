using System.Globalization;
using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Testing;
using ResNet.Training;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>The optimizers, averages, clipping, schedules and losses of a training run, step by step.</summary>
public sealed class OptimizerParityTests : IDisposable
{
    private const double Limit = 2e-6;
    private const int Steps = 20;
    private const string Beginning = "start.pth";

    private static readonly Dictionary<string, OptimizerOptions> s_optimizers = new()
    {
        ["sgd"] = new Sgd { Momentum = 0, WeightDecay = 0.05 },
        ["momentum"] = new Sgd { Nesterov = false, WeightDecay = 0.05 },
        ["nesterov"] = new Sgd { WeightDecay = 0.05 },
        ["no-decay"] = new Sgd { WeightDecay = 0 },
        ["adamw"] = new AdamW { WeightDecay = 0.05 },
        ["lamb"] = new Lamb { WeightDecay = 0.05 },
    };

    private static readonly Dictionary<string, LearningRateSchedule> s_schedules = new()
    {
        ["constant"] = new ConstantSchedule(),
        ["linear constant"] = new ConstantSchedule { Warmup = 0.1, WarmupStart = 0.01 },
        ["cosine"] = new CosineSchedule(),
        ["cosine with a floor"] = new CosineSchedule { Final = 0.1 },
        ["linear cosine"] = new CosineSchedule { Warmup = 0.1, WarmupStart = 0.01 },
        ["steps"] = new StepSchedule(),
        ["milestones"] = new StepSchedule { Milestones = [0.5, 0.75], Gamma = 0.2 },
        ["linear steps"] = new StepSchedule { Warmup = 0.1, WarmupStart = 0.1, Milestones = [0.4, 0.8] },
        ["polynomial"] = new PolynomialSchedule { Power = 0.9 },
        ["linear polynomial"] = new PolynomialSchedule { Power = 2, Warmup = 0.1, WarmupStart = 0.5 },
        ["one cycle"] = new OneCycleSchedule(),
        ["another cycle"] = new OneCycleSchedule { Warmup = 0.25, WarmupStart = 0.1, Final = 0.1 / 50 },
    };

    private static readonly Dictionary<string, byte[]> s_answers = [];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Schedules => [.. s_schedules.Keys];

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData("sgd", "all")]
    [InlineData("momentum", "all")]
    [InlineData("nesterov", "weights")]
    [InlineData("no-decay", "all")]
    [InlineData("adamw", "all")]
    [InlineData("adamw", "weights")]
    [InlineData("lamb", "all")]
    [InlineData("lamb", "weights")]
    public void Twenty_steps_give_PyTorchs_weights(string name, string decays)
    {
        using var network = Start();
        using var reference = Compute("optimizer", name, decays, Beginning);
        using var flat = new FlatWeights(network, decays == "all", Precision.Full);
        using var optimizer = FlatOptimizer.Create(s_optimizers[name], flat);
        for (int step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            SetGradients(network, reference, $"gradient{step}");
            optimizer.Step(reference.Tensors[$"rate{step}"].ToDouble());
            foreach (var (key, parameter) in network.named_parameters())
                ShouldBeNear(parameter, reference.Tensors[$"step{step}.{key}"], $"{key} after step {step}");
        }
    }

    [ParityTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_average_of_weights_and_statistics_is_torchvisions(bool copiesFirst)
    {
        using var network = Start();
        using var reference = Compute("average", Beginning);
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var average = new WeightAverage(flat);
        for (int step = 0; step < 5; step++)
        {
            using var noGradients = no_grad();
            foreach (var (key, tensor) in network.state_dict()) tensor.copy_(reference.Tensors[$"network{step}.{key}"]);
            // torchvision's first update copies.
            if (step == 0 && copiesFirst) average.CopyFromWeights();
            else average.Update(step == 0 ? 0 : 0.9);
            using var evaluation = flat.BeginEvaluation(average);
            // torchvision averages the batch counts, and this library copies them from the network; nothing uses them.
            foreach (var (key, tensor) in network.state_dict().Where(entry => entry.Value.is_floating_point()))
                ShouldBeNear(tensor, reference.Tensors[$"average{step}.{key}"], $"{key} after update {step}");
        }
    }

    [ParityTheory]
    [InlineData("0.5")]
    [InlineData("5")]
    [InlineData("1e+06")]
    public void Gradients_are_clipped_as_by_clip_grad_norm(string limit)
    {
        using var network = Start();
        using var reference = Compute("clip", Beginning);
        using var flat = new FlatWeights(network, true, Precision.Full);
        SetGradients(network, reference, "gradient");
        using var norm = Gradients.Clip(flat, double.Parse(limit, CultureInfo.InvariantCulture));
        ShouldBeNear(norm, reference.Tensors[$"norm{limit}"], "the norm");
        foreach (var (key, parameter) in network.named_parameters())
            ShouldBeNear(parameter.grad!, reference.Tensors[$"clipped{limit}.{key}"], key);
    }

    [ParityTheory]
    [MemberData(nameof(Schedules))]
    public void Every_step_of_a_run_has_the_factor_of_PyTorchs_scheduler(string name)
    {
        using var reference = Compute("schedules");
        double[] expected = [.. reference.Tensors[name].data<double>()];
        expected.Should().HaveCount(90);
        for (int step = 0; step < expected.Length; step++)
            s_schedules[name].Factor(step, expected.Length)
                .Should().BeApproximately(expected[step], 1e-12, "that is PyTorch's of step {0}", step);
    }

    [ParityTheory]
    [InlineData("labels", 0)]
    [InlineData("labels", 0.1)]
    [InlineData("mixed", 0)]
    [InlineData("mixed", 0.1)]
    public void Smoothed_losses_of_labels_and_mixed_labels_and_their_gradients_are_PyTorchs(string target, double smoothing)
    {
        using var reference = Compute("loss");
        using var logits = reference.Tensors["logits"].clone().requires_grad_();
        using var loss = nn.functional.cross_entropy(logits, reference.Tensors[target], label_smoothing: smoothing);
        loss.backward();
        string key = string.Create(CultureInfo.InvariantCulture, $"{target}|{smoothing}");
        ShouldBeNear(loss, reference.Tensors[$"{key}|loss"], "the loss");
        ShouldBeNear(logits.grad!, reference.Tensors[$"{key}|gradient"], "the gradient");
    }

    // The classifier is zero, because LAMB treats zero weights separately.
    private ResNetModel Start()
    {
        manual_seed(7);
        var options = new ResNetOptions { StageDepths = [1, 1], StageWidths = [8, 16], Stem = StemKind.Cifar, Classes = 5 };
        var network = new ResNetModel(options);
        using (no_grad())
        {
            foreach (var tensor in network.state_dict().Values.Where(tensor => tensor.ndim == 1)) tensor.add_(rand(tensor.shape));
            network.get_parameter("fc.weight")!.zero_();
        }
        network.SaveWeights(At(Beginning), format: WeightsFormat.PyTorch);
        return network;
    }

    private static void SetGradients(ResNetModel network, WeightsFile reference, string prefix)
    {
        using var _ = no_grad();
        foreach (var (key, parameter) in network.named_parameters())
        {
            using var gradient = parameter.grad!;
            gradient.copy_(reference.Tensors[$"{prefix}.{key}"]);
        }
    }

    private static void ShouldBeNear(Tensor ours, Tensor theirs, string what)
    {
        using var scope = NewDisposeScope();
        var expected = theirs.detach().to(ScalarType.Float64);
        double deviation = (ours.detach().to(ScalarType.Float64) - expected).abs().max().ToDouble();
        deviation.Should().BeLessThanOrEqualTo(Limit * expected.abs().max().ToDouble(), "{0} should be the reference's", what);
    }

    // Answers are kept, because starting Python takes longer than its computations here.
    private WeightsFile Compute(params string[] arguments)
    {
        string question = string.Join(' ', arguments), file = At("reference.pth");
        if (!s_answers.TryGetValue(question, out var answer))
        {
            Reference.RunScript("optimizers.py", [.. arguments.Select(argument => argument == Beginning ? At(Beginning) : argument), file]);
            s_answers[question] = answer = File.ReadAllBytes(file);
        }
        File.WriteAllBytes(file, answer);
        return WeightsFile.Load(file);
    }

    private string At(string file) => Path.Combine(_folder.Path, file);
}
