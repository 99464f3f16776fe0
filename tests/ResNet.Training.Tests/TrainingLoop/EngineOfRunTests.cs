using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

/// <summary>A run goes on with the engine that it began with.</summary>
public sealed class EngineOfRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_checkpoint_of_another_engine_is_refused()
    {
        Difference(TrainingEngine.Kernels, TrainingEngine.Kernels, isOld: false).Should().BeNull();
        Difference(TrainingEngine.Kernels, TrainingEngine.Torch, isOld: false)
            .Should().Contain("with TrainerOptions.Engine = \"Kernels\", but now it is \"Torch\"");
    }

    [Fact]
    public void A_checkpoint_of_before_there_were_engines_is_libtorchs()
    {
        Difference(TrainingEngine.Torch, TrainingEngine.Torch, isOld: true).Should().BeNull();
        Difference(TrainingEngine.Torch, TrainingEngine.Kernels, isOld: true)
            .Should().Contain("with TrainerOptions.Engine = \"Torch\", but now it is \"Kernels\"");
    }

    private string? Difference(TrainingEngine then, TrainingEngine now, bool isOld)
    {
        var texts = new Dictionary<string, string>(Setup(then).Texts);
        if (isOld)
        {
            string options = texts["options"];
            texts["options"] = options.Replace("\"Engine\":\"Torch\",", "");
            texts["options"].Should().NotBe(options);
        }
        var checkpoints = new CheckpointFolder(_folder.File(Guid.NewGuid().ToString()), keep: 1);
        using var weight = zeros(1);
        checkpoints.Save(1, new Dictionary<string, Tensor> { ["weight"] = weight }, texts, best: false);
        using var checkpoint = checkpoints.OpenLatest()!;
        try
        {
            Setup(now).ThrowIfDifferent(checkpoint);
            return null;
        }
        catch (CheckpointException e)
        {
            return e.Message;
        }
    }

    private static RunSetup Setup(TrainingEngine engine) => new(
        new ImageLoader([new ImageSample("a.png", 0)], Presets.Evaluation(16, 16, Normalize.Grey), new ImageLoaderOptions { Channels = 1 }),
        new TrainerOptions { Engine = engine });
}
