using System.Net;
using System.Security.Cryptography;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

/// <summary>The way from a published file to a network, with a file that the tests make instead of torchvision's.</summary>
public sealed class PretrainedNetworkTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly string? _formerHome = Environment.GetEnvironmentVariable(WeightsCache.HomeVariable);
    private readonly string? _formerMirror = Environment.GetEnvironmentVariable(WeightsCache.MirrorVariable);

    public PretrainedNetworkTests() => Environment.SetEnvironmentVariable(WeightsCache.HomeVariable, _root.Path);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(WeightsCache.HomeVariable, _formerHome);
        Environment.SetEnvironmentVariable(WeightsCache.MirrorVariable, _formerMirror);
        _root.Dispose();
    }

    [Fact]
    public void A_pretrained_network_has_the_weights_that_a_mirror_has()
    {
        using var published = ResNets.ResNet18();
        var (row, content) = Publish(published);
        using var server = new UnreliableServer(
            content, new UnreliableServer.Reply { CutAfter = content.Length / 2 }, new UnreliableServer.Reply());
        Environment.SetEnvironmentVariable(WeightsCache.MirrorVariable, new Uri(server.Address, "/").ToString());

        using var network = ResNets.Create(row);
        foreach (var (name, tensor) in published.state_dict())
            network.state_dict()[name].allclose(tensor, rtol: 0, atol: 0).Should().BeTrue();
        server.Requests.Should().Equal(null, content.Length / 2);
        File.ReadAllBytes(row.Path).AsSpan().SequenceEqual(content).Should().BeTrue();
        row.Path.Should().Be(Path.Join(_root.Path, "hub", "checkpoints", row.FileName));
    }

    [Fact]
    public async Task A_damaged_file_in_the_cache_is_refused_as_a_weights_file()
    {
        var row = PretrainedWeights.Find("resnet18");
        Directory.CreateDirectory(WeightsCache.Folder);
        File.WriteAllBytes(row.Path, [1, 2, 3]);
        var download = () => row.DownloadAsync();
        (await download.Should().ThrowAsync<WeightsFileException>()).WithMessage(
            $"The weights file '{row.Path}' is not the published one: its SHA-256 is 039058c6*, but should begin with f37072fd; "
            + "delete it, and it will be downloaded again.");
    }

    [Fact]
    public async Task A_download_that_fails_says_what_to_do_about_weights()
    {
        var row = PretrainedWeights.Find("resnet18");
        using var server = new UnreliableServer([], new UnreliableServer.Reply { Status = HttpStatusCode.NotFound });
        Environment.SetEnvironmentVariable(WeightsCache.MirrorVariable, new Uri(server.Address, "/").ToString());
        var download = () => row.DownloadAsync();
        (await download.Should().ThrowAsync<WeightsDownloadException>()).WithMessage(
            "*/resnet18-f37072fd.pth cannot be downloaded: the server answers 404 NotFound; "
            + $"download it elsewhere and put it at '{row.Path}', or set RESNET_WEIGHTS_MIRROR to the address of a mirror that has it.");
        Environment.SetEnvironmentVariable(WeightsCache.MirrorVariable, "mirror.example");
        (await download.Should().ThrowAsync<WeightsDownloadException>()).WithMessage(
            "The environment variable RESNET_WEIGHTS_MIRROR is 'mirror.example', but has to be an address*");
    }

    [Fact]
    public void Another_number_of_classes_gives_a_new_classifier_on_the_same_features()
    {
        using var published = ResNets.ResNet18();
        var (row, content) = Publish(published);
        Directory.CreateDirectory(WeightsCache.Folder);
        File.WriteAllBytes(row.Path, content);

        using var network = ResNets.Create(row, classes: 3);
        network.eval();
        published.eval();
        using var scope = NewDisposeScope();
        var images = randn([1, 3, 64, 64]);
        network.call(images).shape.Should().Equal(1, 3);
        network.ForwardFeatures(images).Pooled.allclose(published.ForwardFeatures(images).Pooled, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void What_is_wrong_with_other_values_shows_before_anything_is_downloaded()
    {
        var create = () => ResNets.Create("resnet18", pretrained: true, classes: 0);
        create.Should().Throw<ArgumentException>().WithMessage("*Classes is 0*");
        var unpublished = () => ResNets.Create("resnet50d", pretrained: true);
        unpublished.Should().Throw<InvalidOptionException>()
            .WithMessage("PretrainedWeights.network is 'resnet50d', but has to be a network with published weights, one of resnet18, *");
        Directory.Exists(WeightsCache.Folder).Should().BeFalse();
        using var fresh = ResNets.Create("resnet18", pretrained: false, classes: 2);
        fresh.Options.Classes.Should().Be(2);
    }

    // Like torchvision's files, this is a state dict of PyTorch with the beginning of its hash in its name.
    private (PretrainedWeights Row, byte[] Content) Publish(ResNetModel network)
    {
        string path = Path.Join(_root.Path, "weights");
        network.SaveWeights(path, format: WeightsFormat.PyTorch);
        byte[] content = File.ReadAllBytes(path);
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        return (
            new PretrainedWeights("TEST", $"resnet18-{hash[..8]}.pth", 0, 0, PretrainedWeights.Find("resnet18").Preprocessing),
            content);
    }
}
