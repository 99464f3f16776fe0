using ResNet.Core.Blocks;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights.OtherWriters;

/// <summary>State dicts of other programs: names and batch counts that differ from torchvision's.</summary>
public sealed class OtherNamesTests : IDisposable
{
    private readonly WeightsFolder _folder = new();

    public static TheoryData<ScalarType, long[]> Counts => new()
    {
        { ScalarType.Float16, [] }, { ScalarType.Float32, [] }, { ScalarType.Float64, [1] }, { ScalarType.Int32, [] },
        { ScalarType.BFloat16, [1, 1] }, { ScalarType.Int64, [1] }, { ScalarType.Byte, [] },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Counts))]
    public void A_batch_count_of_another_type_or_of_one_element_is_loaded(ScalarType type, long[] shape)
    {
        using var scope = NewDisposeScope();
        using var saved = Small();
        var report = LoadWith(saved, full(shape, 7, type), out var loaded);
        report.Mismatched.Should().BeEmpty();
        report.Loaded.Should().Equal(saved.state_dict().Keys);
        loaded.state_dict()["bn1.num_batches_tracked"].item<long>().Should().Be(7);
        loaded.state_dict()["bn1.num_batches_tracked"].shape.Should().BeEmpty();
        loaded.state_dict()["bn1.weight"].Doubles().Should().Equal(saved.state_dict()["bn1.weight"].Doubles());
        loaded.Dispose();
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(3L)]
    public void Batch_counts_of_another_number_of_elements_are_not_needed(long elements)
    {
        using var scope = NewDisposeScope();
        using var saved = Small();
        var report = LoadWith(saved, full([elements], 7, ScalarType.Int64), out var loaded);
        report.Mismatched.Should().BeEmpty();
        report.Missing.Should().BeEmpty();
        report.Unexpected.Should().BeEmpty();
        report.Loaded.Should().Equal(
            saved.state_dict().Keys.Where(name => !name.EndsWith("num_batches_tracked", StringComparison.Ordinal)));
        loaded.state_dict()["bn1.num_batches_tracked"].item<long>().Should().Be(0);
        loaded.Dispose();
    }

    // Names as in https://github.com/kuangliu/pytorch-cifar/blob/master/models/resnet.py.
    [Theory]
    [InlineData(BlockKind.Basic, false, ShortcutKind.Projection)]
    [InlineData(BlockKind.Bottleneck, false, ShortcutKind.Projection)]
    [InlineData(BlockKind.Bottleneck, true, ShortcutKind.Projection)]
    [InlineData(BlockKind.Basic, false, ShortcutKind.AveragePooledProjection)]
    public void A_projection_that_is_called_shortcut_fits(BlockKind block, bool preActivation, ShortcutKind shortcut)
    {
        using var scope = NewDisposeScope();
        var options = new ResNetOptions
        {
            Stem = StemKind.Cifar, Block = block, PreActivation = preActivation, Shortcut = shortcut,
            StageDepths = [2, 1], StageWidths = [4, 8], Classes = 3,
        };
        using var saved = new ResNetModel(options);
        var renamed = saved.state_dict().ToDictionary(
            entry => entry.Key.Replace(".downsample.", ".shortcut.", StringComparison.Ordinal)
                .Replace("fc.", "linear.", StringComparison.Ordinal),
            entry => entry.Value);
        renamed.Keys.Should().Contain(name => name.StartsWith("layer2.0.shortcut.", StringComparison.Ordinal));
        WeightsFile.Save(_folder.FilePath, renamed);
        using var loaded = new ResNetModel(options);
        loaded.LoadWeights(_folder.FilePath).Loaded.Should().Equal(saved.state_dict().Keys);
        foreach (var (name, tensor) in saved.state_dict()) loaded.state_dict()[name].Doubles().Should().Equal(tensor.Doubles(), name);
    }

    private static ResNetModel Small() => new(new ResNetOptions { StageDepths = [1], StageWidths = [4], Classes = 2 });

    // Loads a file in which all batch counts are this one.
    private Core.Weights.LoadReport LoadWith(ResNetModel saved, Tensor count, out ResNetModel loaded)
    {
        var tensors = saved.state_dict().ToDictionary(
            entry => entry.Key, entry => entry.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? count : entry.Value);
        WeightsFile.Save(_folder.FilePath, tensors);
        loaded = Small();
        return loaded.LoadWeights(_folder.FilePath);
    }
}
