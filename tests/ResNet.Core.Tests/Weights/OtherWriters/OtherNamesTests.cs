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
        AssertEqual(saved, loaded);
    }

    [Theory]
    [InlineData("net.")]
    [InlineData("backbone.")]
    [InlineData("encoder.")]
    [InlineData("model.")]
    [InlineData("module.")]
    [InlineData("module.encoder_q.")]
    [InlineData("state_dict.model.backbone.")]
    [InlineData("my.own.words.")]
    [InlineData("resnet.")]
    public void A_prefix_is_found_by_the_names_that_fit_and_reported(string prefix)
    {
        using var saved = Small();
        Save(saved.state_dict().Select(entry => (prefix + entry.Key, entry.Value)));
        using var loaded = Small();
        var report = loaded.LoadWeights(_folder.FilePath);
        report.Prefix.Should().Be(prefix);
        report.ToString().Should().Contain($", where their names begin with '{prefix}'");
        report.Loaded.Should().Equal(saved.state_dict().Keys);
        report.Unexpected.Should().BeEmpty();
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void A_file_without_a_prefix_reports_none()
    {
        using var saved = Small();
        Save(saved.state_dict().Select(entry => (entry.Key, entry.Value)));
        using var loaded = Small();
        var report = loaded.LoadWeights(_folder.FilePath);
        report.Prefix.Should().BeEmpty();
        report.ToString().Should().NotContain("begin with");
    }

    [Fact]
    public void The_prefix_that_makes_the_most_names_fit_is_taken()
    {
        using var scope = NewDisposeScope();
        using var saved = Small();
        using var other = Small();
        // A part of the names under a key that comes first, and one name without a prefix.
        Save([
            ("fc.bias", zeros(2)),
            .. other.state_dict().Take(6).Select(entry => ("state_dict." + entry.Key, entry.Value)),
            .. saved.state_dict().Select(entry => ("weights.of.it." + entry.Key, entry.Value)),
        ]);
        using var loaded = Small();
        loaded.LoadWeights(_folder.FilePath, strict: false).Prefix.Should().Be("weights.of.it.");
        AssertEqual(saved, loaded);
    }

    // A larger teacher has all names of its student, in other shapes.
    [Fact]
    public void Shapes_decide_between_prefixes_that_make_the_same_names_fit()
    {
        using var saved = Small();
        using var teacher = new ResNetModel(new ResNetOptions { StageDepths = [1], StageWidths = [8], Classes = 2 });
        Save([
            .. teacher.state_dict().Select(entry => ("state_dict.teacher." + entry.Key, entry.Value)),
            .. saved.state_dict().Select(entry => ("state_dict.student." + entry.Key, entry.Value)),
        ]);
        using var loaded = Small();
        loaded.LoadWeights(_folder.FilePath).Prefix.Should().Be("state_dict.student.");
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void Of_two_state_dicts_that_fit_equally_the_documented_key_is_taken()
    {
        using var saved = Small();
        using var other = Small();
        Save([
            .. other.state_dict().Select(entry => ("average." + entry.Key, entry.Value)),
            .. other.state_dict().Select(entry => ("model_ema.module." + entry.Key, entry.Value)),
            .. saved.state_dict().Select(entry => ("model." + entry.Key, entry.Value)),
        ]);
        using var loaded = Small();
        loaded.LoadWeights(_folder.FilePath).Prefix.Should().Be("model.");
        AssertEqual(saved, loaded);
    }

    // https://github.com/open-mmlab/mmpretrain: backbone.conv1.weight … and head.fc.weight.
    [Fact]
    public void A_classifier_beside_the_backbone_is_found()
    {
        using var saved = Small();
        Save(saved.state_dict().Select(entry => (
            "state_dict." + (entry.Key.StartsWith("fc.", StringComparison.Ordinal) ? "head." : "backbone.") + entry.Key, entry.Value)));
        using var loaded = Small();
        loaded.LoadWeights(_folder.FilePath).Prefix.Should().Be("state_dict.backbone.");
        AssertEqual(saved, loaded);
    }

    // Names as in torchvision/models/densenet.py, of which one suffix is a name of ours.
    [Fact]
    public void A_few_names_that_fit_by_chance_make_no_prefix()
    {
        using var scope = NewDisposeScope();
        Save([
            ("features.conv0.weight", zeros(4, 3, 7, 7)), ("features.denseblock1.denselayer1.norm1.weight", zeros(4)),
            ("features.denseblock1.denselayer1.norm1.bias", zeros(4)), ("features.denseblock1.denselayer1.conv1.weight", zeros(4, 3, 7, 7)),
            ("features.denseblock1.denselayer1.conv2.weight", zeros(4, 4, 3, 3)),
        ]);
        using var network = Small();
        var load = () => network.LoadWeights(_folder.FilePath, strict: false);
        load.Should().Throw<Core.Weights.WeightsFileException>().Which.Message.Should()
            .Contain("missing: conv1.weight, ").And.Contain("not in the network: features.conv0.weight, ");
    }

    [Theory]
    [InlineData("resnet20", 10, "resnet32", "", "these are the weights of resnet20.")]
    [InlineData("resnet20", 100, "resnet32", "", "these are the weights of resnet20 with 100 classes.")]
    [InlineData("resnet32", 10, "resnet20", "module.", "these are the weights of resnet32.")]
    [InlineData("preact_resnet110", 10, "resnet20", "net.", "these are the weights of preact_resnet110.")]
    [InlineData("resnet18", 1000, "resnet20", "", "these are the weights of resnet18.")]
    [InlineData("resnet18d", 1000, "resnet18", "", "these are the weights of resnet18d.")]
    [InlineData("resnet50", 1000, "resnet18", "backbone.", "these are the weights of resnet50.")]
    public void A_file_for_another_network_is_refused_with_its_name(string file, int classes, string network, string prefix, string words)
    {
        using var scope = NewDisposeScope();
        using var saved = ResNets.Create(file, classes);
        Save(saved.state_dict().Select(entry => (prefix + entry.Key, entry.Value)));
        using var loaded = ResNets.Create(network);
        var load = () => loaded.LoadWeights(_folder.FilePath);
        load.Should().Throw<Core.Weights.WeightsFileException>().Which.Message.Should()
            .Contain("does not fit this network: ").And.EndWith(words);
    }

    [Fact]
    public void A_file_that_fits_no_network_of_the_catalogue_is_refused_without_a_name()
    {
        using var saved = ResNets.Create("resnet20");
        Save(saved.state_dict().Where(entry => entry.Key != "layer1.0.bn1.bias").Select(entry => (entry.Key, entry.Value)));
        using var loaded = ResNets.Create("resnet32");
        var load = () => loaded.LoadWeights(_folder.FilePath);
        load.Should().Throw<Core.Weights.WeightsFileException>().Which.Message.Should().NotContain("these are");
    }

    // Two blocks of each stage show the first and the others.
    [Theory]
    [MemberData(nameof(Networks))]
    public void Names_and_shapes_of_the_catalogue_are_those_of_the_networks(string name)
    {
        var options = ResNets.Options(name);
        options = options with { StageDepths = [.. options.StageDepths.Select(depth => Math.Min(depth, 2))] };
        using var network = new ResNetModel(options);
        var shapes = Core.Weights.Loading.NetworkShapes.Of(options);
        shapes.Should().HaveCount(network.state_dict().Count);
        foreach (var (key, tensor) in network.state_dict()) shapes[key].Should().Equal(tensor.shape, key);
    }

    public static TheoryData<string> Networks => new(ResNets.Names);

    private static void AssertEqual(ResNetModel expected, ResNetModel actual)
    {
        foreach (var (name, tensor) in expected.state_dict()) actual.state_dict()[name].Doubles().Should().Equal(tensor.Doubles(), name);
    }

    private void Save(IEnumerable<(string Name, Tensor Tensor)> tensors) =>
        WeightsFile.Save(
            _folder.FilePath, tensors.ToDictionary(entry => entry.Name, entry => entry.Tensor),
            format: Core.Weights.WeightsFormat.PyTorch);

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
