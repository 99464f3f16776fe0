using System.Text.Json;
using System.Text.Json.Serialization;
using ResNet.Core;
using ResNet.Training.Checkpoints;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>Everything that a run consists of and that a checkpoint keeps.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const string PositionText = "position", OptionsText = "options";
    private const string StepLossName = "run.step_losses", LossSumName = "run.loss_sum";

    // No cross entropy is negative.
    private const double NoLoss = -1;

    private static readonly JsonSerializerOptions s_json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly TrainerOptions _options;

    /// <summary>A run from its beginning.</summary>
    /// <param name="model">The network, whose tensors become views of the run's.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="steps">Steps of the run.</param>
    internal TrainingRun(ResNetModel model, TrainerOptions options, long steps)
    {
        (_options, Model, Steps) = (options, model, steps);
        using var scope = NewDisposeScope();
        StepLosses = empty([steps], ScalarType.Float64, model.Device).FillInPlace(NoLoss);
        LossSum = zeros(1, ScalarType.Float64, model.Device);
        Weights = new FlatWeights(model, options.Optimizer.DecayNormsAndBiases, options.Precision);
        try
        {
            Optimizer = FlatOptimizer.Create(options.Optimizer, Weights);
            Average = options.Average is null ? null : new WeightAverage(Weights);
            Scaler = Weights.Precision == Precision.Half ? new LossScaler() : null;
        }
        catch
        {
            // The network must not be left with views of what is given back.
            Weights.Dispose();
            throw;
        }
        StepLosses.DetachFromDisposeScope();
        LossSum.DetachFromDisposeScope();
        Meter = new TrainingMeter(NetworkName);
    }

    internal ResNetModel Model { get; }

    /// <summary>What the network consists of, in a few words.</summary>
    internal string NetworkName => $"{Model.Options.Block} [{string.Join(", ", Model.Options.StageDepths)}]";

    internal long Steps { get; }

    internal FlatWeights Weights { get; }

    internal FlatOptimizer Optimizer { get; }

    internal WeightAverage? Average { get; }

    internal LossScaler? Scaler { get; }

    internal RunPosition Position { get; private set; } = new();

    /// <summary>Whether norms have seen batches of a step that is not over: such a run must not be saved.</summary>
    internal bool IsWithinStep { get; set; }

    /// <summary>What the run tells meters' listeners.</summary>
    internal TrainingMeter Meter { get; }

    /// <summary>Each step's mean loss <c>[steps]</c>, float64; negative where there was none.</summary>
    internal Tensor StepLosses { get; }

    /// <summary>The sum of the losses of this epoch's images <c>[1]</c>, float64.</summary>
    internal Tensor LossSum { get; }

    /// <summary>A step's mean loss, fetched from the device; NaN where the step was skipped.</summary>
    internal double LossOf(long step)
    {
        using var loss = StepLosses.narrow(0, step, 1);
        double value = loss.ReadDouble();
        return value == NoLoss ? double.NaN : value;
    }

    /// <summary>Writes all of it.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="setup">What else the run is made with, by what it is called.</param>
    /// <param name="best">Whether no checkpoint before is as good.</param>
    /// <returns>The file.</returns>
    internal string Save(CheckpointFolder folder, IReadOnlyDictionary<string, string> setup, bool best)
    {
        using var scope = NewDisposeScope();
        var texts = new Dictionary<string, string>(setup)
        {
            [PositionText] = JsonSerializer.Serialize(Position, s_json),
            [OptionsText] = Options(_options),
        };
        return folder.Save(Position.Step, Tensors(), texts, best);
    }

    /// <summary>Goes on where a checkpoint was written; nothing is changed where it does not fit.</summary>
    /// <exception cref="CheckpointException">It is of another network or was made with other options.</exception>
    internal void Restore(Checkpoint checkpoint, IReadOnlyDictionary<string, string> setup)
    {
        Refuse(checkpoint, setup);
        var own = Tensors();
        foreach (var (name, tensor) in own)
        {
            if (!checkpoint.Tensors.TryGetValue(name, out var stored) || !stored.shape.SequenceEqual(tensor.shape) || stored.dtype != tensor.dtype)
                throw Unfit(checkpoint, $"is of another network or run: it has no '{name}' of the shape [{string.Join(", ", tensor.shape)}]");
        }
        Position = Parse<RunPosition>(checkpoint, PositionText);
        using var untracked = no_grad();
        foreach (var (name, tensor) in own) tensor.copy_(checkpoint.Tensors[name]);
        Weights.PublishWeights();
    }

    /// <summary>Leaves the network with the average, where one is kept and has begun.</summary>
    internal void TakeAverage()
    {
        if (Average is null || !Position.AverageHasBegun) return;
        using var untracked = no_grad();
        Weights.Weights.copy_(Average.Weights);
        Weights.Statistics.copy_(Average.Statistics);
    }

    public void Dispose()
    {
        Meter.Dispose();
        Average?.Dispose();
        Scaler?.Dispose();
        Optimizer.Dispose();
        Weights.Dispose();
        StepLosses.Dispose();
        LossSum.Dispose();
    }

    private Dictionary<string, Tensor> Tensors()
    {
        var tensors = new Dictionary<string, Tensor> { [StepLossName] = StepLosses, [LossSumName] = LossSum };
        foreach (var (name, tensor) in Weights.State().Concat(Optimizer.State()).Concat(Average?.State() ?? []).Concat(Scaler?.State() ?? [])) tensors.Add(name, tensor);
        return tensors;
    }

    private void Refuse(Checkpoint checkpoint, IReadOnlyDictionary<string, string> setup)
    {
        using var then = JsonDocument.Parse(Text(checkpoint, OptionsText));
        using var now = JsonDocument.Parse(Options(_options));
        foreach (var property in now.RootElement.EnumerateObject())
        {
            string before = then.RootElement.TryGetProperty(property.Name, out var value) ? value.GetRawText() : "null";
            Compare(checkpoint, $"{nameof(TrainerOptions)}.{property.Name}", before, property.Value.GetRawText());
        }
        foreach (var (name, value) in setup) Compare(checkpoint, name, Text(checkpoint, name), value);
    }

    private static void Compare(Checkpoint checkpoint, string name, string then, string now)
    {
        if (then != now)
            throw Unfit(checkpoint, $"was made with {name} = {then}, but now it is {now}: resume with what it was made with, or begin a new run in another folder");
    }

    private static string Options(TrainerOptions options) => JsonSerializer.Serialize(options, s_json);

    private static T Parse<T>(Checkpoint checkpoint, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Text(checkpoint, name), s_json)!;
        }
        catch (JsonException e)
        {
            throw Unfit(checkpoint, $"cannot be used: its {name} is not what this version writes ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static string Text(Checkpoint checkpoint, string name) => checkpoint.Texts.TryGetValue(name, out string? text)
        ? text
        : throw Unfit(checkpoint, $"is not one of a training run: it has no '{name}'");

    private static CheckpointException Unfit(Checkpoint checkpoint, string problem, Exception? inner = null) =>
        CheckpointException.Unusable(checkpoint.Path, problem, inner);
}
