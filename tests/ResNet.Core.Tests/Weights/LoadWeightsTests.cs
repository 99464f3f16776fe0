using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Loading;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

public sealed class LoadWeightsTests : IDisposable
{
    private readonly WeightsFolder _folder = new();

    private string FilePath => _folder.FilePath;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("state_dict.")]
    [InlineData("model_state_dict.")]
    [InlineData("model.")]
    [InlineData("model_ema.")]
    [InlineData("net.")]
    [InlineData("state_dict.module.")]
    [InlineData("state_dict.model._orig_mod.module.")]
    public void A_state_dict_is_found_beside_optimizers_and_counters(string prefix)
    {
        using var saved = Small();
        Save(saved, name => prefix + name, ("optimizer.state.0.momentum_buffer", [3]));
        using var loaded = Small();
        var report = loaded.LoadWeights(FilePath);
        report.Loaded.Should().Equal(saved.state_dict().Keys);
        report.Unexpected.Should().BeEmpty();
        AssertEqual(saved, loaded);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("_orig_mod.module.")]
    public void What_parallel_and_compiled_modules_put_before_names_is_taken_off(string prefix)
    {
        using var saved = Small();
        Save(saved, name => prefix + name);
        using var loaded = Small();
        loaded.LoadWeights(FilePath).Unexpected.Should().BeEmpty();
        AssertEqual(saved, loaded);
        // A tensor without the prefix of the others is not ignored.
        Save(saved, name => prefix + name, ("extra", [3]));
        Refusal(loaded).Should().Contain("does not fit this network: not in the network: extra");
    }

    [Fact]
    public void An_average_of_models_fits_with_its_count()
    {
        using var saved = Small();
        Save(saved, name => $"model_ema.module.{name}", ("model_ema.n_averaged", []));
        using var loaded = Small();
        loaded.LoadWeights(FilePath).Unexpected.Should().BeEmpty();
        AssertEqual(saved, loaded);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("head.fc")]
    [InlineData("classifier.1")]
    public void A_classifier_of_another_name_fits(string name)
    {
        using var saved = Small();
        Save(saved, own => own.StartsWith("fc.", StringComparison.Ordinal) ? name + own[2..] : own);
        using var loaded = Small();
        loaded.LoadWeights(FilePath).Missing.Should().BeEmpty();
        AssertEqual(saved, loaded);
    }

    // The names are those of transformers/models/resnet/modeling_resnet.py for a bottleneck network.
    [Theory]
    [InlineData("conv1.weight", "resnet.embedder.embedder.convolution.weight")]
    [InlineData("bn1.running_mean", "resnet.embedder.embedder.normalization.running_mean")]
    [InlineData("layer1.0.conv1.weight", "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight")]
    [InlineData("layer1.0.bn3.bias", "resnet.encoder.stages.0.layers.0.layer.2.normalization.bias")]
    [InlineData("layer2.0.downsample.0.weight", "resnet.encoder.stages.1.layers.0.shortcut.convolution.weight")]
    [InlineData("layer2.0.downsample.1.num_batches_tracked", "resnet.encoder.stages.1.layers.0.shortcut.normalization.num_batches_tracked")]
    [InlineData("fc.bias", "classifier.1.bias")]
    public void Hugging_Faces_names_are_ours(string ours, string theirs)
    {
        WeightNames.Translate([theirs], name => name == ours).Pairs.Should().Equal((theirs, ours));
        string bare = theirs.Replace("resnet.", "", StringComparison.Ordinal);
        WeightNames.Translate([bare], name => name == ours).Pairs.Should().Equal((bare, ours));
    }

    [Fact]
    public void A_network_with_Hugging_Faces_names_loads_whole()
    {
        using var saved = ResNetBuilder.From("resnet50").StageDepths(1, 2).Classes(3).Build();
        Save(saved, HuggingFace);
        using var loaded = ResNetBuilder.From("resnet50").StageDepths(1, 2).Classes(3).Build();
        loaded.LoadWeights(FilePath).Loaded.Should().Equal(saved.state_dict().Keys);
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void Half_precision_is_loaded_into_single()
    {
        using var scope = NewDisposeScope();
        using var network = Small();
        var halves = network.state_dict().ToDictionary(
            entry => entry.Key, entry => entry.Value.is_floating_point() ? entry.Value.half() : entry.Value);
        WeightsFile.Save(FilePath, halves, format: WeightsFormat.PyTorch);
        network.LoadWeights(FilePath);
        var weight = network.state_dict()["fc.weight"];
        weight.dtype.Should().Be(ScalarType.Float32);
        weight.Doubles().Should().Equal(halves["fc.weight"].Doubles());
    }

    [Fact]
    public void Another_number_of_classes_is_accepted_on_request_and_the_classifier_stays()
    {
        using var saved = Small(options => options with { Classes = 1000 });
        saved.SaveWeights(FilePath);
        using var loaded = Small();
        using var classifier = loaded.state_dict()["fc.weight"].detach().clone();
        var report = loaded.LoadWeights(FilePath, newClassifier: true);
        report.ClassifierKept.Should().BeTrue();
        report.Loaded.Should().Equal(saved.state_dict().Keys.Where(name => !name.StartsWith("fc.", StringComparison.Ordinal)));
        report.Mismatched.Should().Equal(
            new TensorMismatch("fc.weight", "[1000, 64]", "[2, 64]"), new TensorMismatch("fc.bias", "[1000]", "[2]"));
        report.ToString().Should().Be(
            $"{report.Loaded.Count} of {report.Loaded.Count + 2} tensors loaded from '{FilePath}' (Safetensors); "
            + "the classifier keeps its initial weights; "
            + "of another shape or type: fc.weight is [1000, 64] instead of [2, 64], fc.bias is [1000] instead of [2]");
        loaded.state_dict()["fc.weight"].Doubles().Should().Equal(classifier.Doubles());
        loaded.state_dict()["conv1.weight"].Doubles().Should().Equal(saved.state_dict()["conv1.weight"].Doubles());
    }

    [Fact]
    public void A_file_without_a_classifier_is_accepted_on_the_same_request()
    {
        using var saved = Small();
        Save(saved, name => name, keep: name => !name.StartsWith("fc.", StringComparison.Ordinal));
        using var loaded = Small();
        loaded.LoadWeights(FilePath, newClassifier: true).ClassifierKept.Should().BeTrue();
        Refusal(loaded)
            .Should().EndWith("does not fit this network: missing: fc.weight, fc.bias; newClassifier: true accepts another classifier.");
    }

    [Theory]
    [InlineData("fc.1")]
    [InlineData("head")]
    [InlineData("classifier")]
    public void A_classifier_of_other_layers_is_left_out_on_the_same_request(string theirs)
    {
        using var saved = Small();
        Save(saved, name => name.StartsWith("fc.", StringComparison.Ordinal) ? theirs + name[2..] : name);
        using var loaded = Small();
        Refusal(loaded).Should().Contain("; newClassifier: true accepts another classifier.");
        var report = loaded.LoadWeights(FilePath, newClassifier: true);
        report.Unexpected.Should().Equal($"{theirs}.weight", $"{theirs}.bias");
        report.Missing.Should().Equal("fc.weight", "fc.bias");
    }

    [Fact]
    public void A_classifier_of_which_a_part_is_missing_is_refused_whatever_is_asked()
    {
        using var saved = Small();
        Save(saved, name => name, keep: name => name != "fc.bias");
        using var loaded = Small();
        var load = () => loaded.LoadWeights(FilePath, newClassifier: true);
        load.Should().Throw<WeightsFileException>().Which.Message.Should().EndWith("does not fit this network: missing: fc.bias.");
    }

    [Fact]
    public void Digits_of_other_scripts_are_no_numbers_of_layers()
    {
        using var scope = NewDisposeScope();
        using var network = Small();
        WeightsFile.Save(
            FilePath, new Dictionary<string, Tensor> { ["encoder.stages.\u0663.layers.0.shortcut.convolution.weight"] = zeros(1) });
        Refusal(network).Should().Contain("not in the network: encoder.stages.\u0663.layers.0");
    }

    [Fact]
    public void A_tensor_under_its_own_name_counts_before_one_that_stands_for_it()
    {
        using var scope = NewDisposeScope();
        using var saved = Small();
        var tensors = new Dictionary<string, Tensor> { ["linear.bias"] = ones(2) };
        foreach (var (name, tensor) in saved.state_dict()) tensors.Add(name, tensor);
        WeightsFile.Save(FilePath, tensors);
        using var loaded = Small();
        loaded.LoadWeights(FilePath, strict: false).Unexpected.Should().Equal("linear.bias");
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void A_classifier_of_other_features_is_refused_all_the_same()
    {
        using var saved = Small(options => options with { StageWidths = [32] });
        saved.SaveWeights(FilePath);
        using var loaded = Small();
        var load = () => loaded.LoadWeights(FilePath, newClassifier: true);
        load.Should().Throw<WeightsFileException>().Which.Message.Should().Contain("does not fit this network");
    }

    [Fact]
    public void What_fits_is_loaded_where_strict_is_off_and_the_rest_is_reported()
    {
        using var saved = Small();
        Save(saved, name => name, ("extra.weight", [2]), keep: name => name != "bn1.bias", reshape: name => name == "bn1.weight");
        using var loaded = Small();
        Refusal(loaded).Should().EndWith(
            "does not fit this network: missing: bn1.bias; of another shape or type: bn1.weight is [64, 1] instead of [64]; "
            + "not in the network: extra.weight.");
        var report = loaded.LoadWeights(FilePath, strict: false);
        report.Missing.Should().Equal("bn1.bias");
        report.Unexpected.Should().Equal("extra.weight");
        report.Mismatched.Should().Equal(new TensorMismatch("bn1.weight", "[64, 1]", "[64]"));
        report.Loaded.Should().HaveCount(saved.state_dict().Count - 2);
        loaded.state_dict()["fc.weight"].Doubles().Should().Equal(saved.state_dict()["fc.weight"].Doubles());
    }

    [Fact]
    public void A_file_of_which_nothing_fits_is_refused_even_where_strict_is_off()
    {
        using var network = Small();
        var load = () => network.LoadWeights(StoredFile.Of("views.pth"), strict: false);
        load.Should().Throw<WeightsFileException>().Which.Message.Should().Contain(
            "missing: conv1.weight, bn1.weight, bn1.bias and 14 more; not in the network: base, transposed, column and 4 more");
    }

    [Fact]
    public void Whole_numbers_are_not_taken_for_weights()
    {
        using var network = Small();
        using var quantised = zeros([2], ScalarType.Int8);
        var tensors = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Key == "fc.bias" ? quantised : entry.Value);
        WeightsFile.Save(FilePath, tensors);
        Refusal(network).Should().EndWith("does not fit this network: of another shape or type: fc.bias is Int8 instead of Float32.");
    }

    [Fact]
    public void A_damaged_file_changes_nothing()
    {
        using var saved = Small();
        saved.SaveWeights(FilePath, format: WeightsFormat.PyTorch);
        byte[] bytes = File.ReadAllBytes(FilePath);
        File.WriteAllBytes(FilePath, bytes[..^100]);
        using var network = Small();
        using var before = network.state_dict()["conv1.weight"].detach().clone();
        Refusal(network).Should().StartWith($"The weights file '{FilePath}' is ");
        network.state_dict()["conv1.weight"].Doubles().Should().Equal(before.Doubles());
    }

    private static ResNetModel Small(Func<ResNetOptions, ResNetOptions>? configure = null)
    {
        var options = new ResNetOptions { StageDepths = [1], StageWidths = [64], Classes = 2 };
        return new ResNetModel(configure is null ? options : configure(options));
    }

    private static string HuggingFace(string name)
    {
        string[] parts = name.Split('.');
        string kind = parts[^2] is "0" || parts[^2].StartsWith("conv", StringComparison.Ordinal) ? "convolution" : "normalization";
        return parts switch
        {
            ["fc", var rest] => $"classifier.1.{rest}",
            ["conv1" or "bn1", var rest] => $"resnet.embedder.embedder.{kind}.{rest}",
            [var stage, var block, "downsample", _, var rest] =>
                $"resnet.encoder.stages.{stage[^1] - '1'}.layers.{block}.shortcut.{kind}.{rest}",
            [var stage, var block, var layer, var rest] =>
                $"resnet.encoder.stages.{stage[^1] - '1'}.layers.{block}.layer.{layer[^1] - '1'}.{kind}.{rest}",
            _ => throw new ArgumentException(name),
        };
    }

    private static void AssertEqual(ResNetModel expected, ResNetModel actual)
    {
        foreach (var (name, tensor) in expected.state_dict()) actual.state_dict()[name].Doubles().Should().Equal(tensor.Doubles(), name);
    }

    private void Save(
        ResNetModel network,
        Func<string, string> rename,
        (string Name, long[] Shape)? extra = null,
        Func<string, bool>? keep = null,
        Func<string, bool>? reshape = null)
    {
        using var scope = NewDisposeScope();
        var tensors = network.state_dict().Where(entry => keep is null || keep(entry.Key))
            .ToDictionary(
                entry => rename(entry.Key),
                entry => reshape is not null && reshape(entry.Key) ? entry.Value.unsqueeze(1) : entry.Value);
        if (extra is { } more) tensors.Add(more.Name, zeros(more.Shape));
        WeightsFile.Save(FilePath, tensors, format: WeightsFormat.PyTorch);
    }

    private string Refusal(ResNetModel network)
    {
        var load = () => network.LoadWeights(FilePath);
        return load.Should().Throw<WeightsFileException>().Which.Message;
    }
}
