using System.Security.Cryptography;
using System.Text;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;

namespace ResNet.Core.Tests.Weights.Published;

/// <summary>The table of published weights against torchvision's.</summary>
public class PretrainedWeightsTests
{
    // torchvision 0.14.1: url, acc@1, acc@5 and resize_size of each of models/resnet.py's weights.
    public static TheoryData<string, string, string, double, double, int> Published => new()
    {
        { "resnet18", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnet18-f37072fd.pth", 69.758, 89.078, 256 },
        { "resnet34", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnet34-b627a593.pth", 73.314, 91.420, 256 },
        { "resnet50", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnet50-0676ba61.pth", 76.130, 92.862, 256 },
        { "resnet50", "IMAGENET1K_V2", "https://download.pytorch.org/models/resnet50-11ad3fa6.pth", 80.858, 95.434, 232 },
        { "resnet101", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnet101-63fe2227.pth", 77.374, 93.546, 256 },
        { "resnet101", "IMAGENET1K_V2", "https://download.pytorch.org/models/resnet101-cd907fc2.pth", 81.886, 95.780, 232 },
        { "resnet152", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnet152-394f9c45.pth", 78.312, 94.046, 256 },
        { "resnet152", "IMAGENET1K_V2", "https://download.pytorch.org/models/resnet152-f82ba261.pth", 82.284, 96.002, 232 },
        { "resnext50_32x4d", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnext50_32x4d-7cdf4587.pth", 77.618, 93.698, 256 },
        { "resnext50_32x4d", "IMAGENET1K_V2", "https://download.pytorch.org/models/resnext50_32x4d-1a0047aa.pth", 81.198, 95.340, 232 },
        { "resnext101_32x8d", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnext101_32x8d-8ba56ff5.pth", 79.312, 94.526, 256 },
        { "resnext101_32x8d", "IMAGENET1K_V2", "https://download.pytorch.org/models/resnext101_32x8d-110c445d.pth", 82.834, 96.228, 232 },
        { "resnext101_64x4d", "IMAGENET1K_V1", "https://download.pytorch.org/models/resnext101_64x4d-173b62eb.pth", 83.246, 96.454, 232 },
        { "wide_resnet50_2", "IMAGENET1K_V1", "https://download.pytorch.org/models/wide_resnet50_2-95faca4d.pth", 78.468, 94.086, 256 },
        { "wide_resnet50_2", "IMAGENET1K_V2", "https://download.pytorch.org/models/wide_resnet50_2-9ba9bcbe.pth", 81.602, 95.758, 232 },
        { "wide_resnet101_2", "IMAGENET1K_V1", "https://download.pytorch.org/models/wide_resnet101_2-32ee1156.pth", 78.848, 94.284, 256 },
        { "wide_resnet101_2", "IMAGENET1K_V2", "https://download.pytorch.org/models/wide_resnet101_2-d733dc28.pth", 82.510, 96.020, 232 },
    };

    [Fact]
    public void The_table_has_what_torchvision_publishes_and_no_more()
    {
        PretrainedWeights.Catalogue.Select(row => (row.Network, row.Name))
            .Should().Equal(Published.Select(row => ((string)row[0], (string)row[1])));
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void A_row_has_torchvisions_address_accuracy_and_preprocessing(
        string network, string name, string address, double top1, double top5, int resizeTo)
    {
        var row = PretrainedWeights.Find(network, name);
        row.Network.Should().Be(network);
        row.Name.Should().Be(name);
        row.Address.Should().Be(new Uri(address));
        row.FileName.Should().Be(address[(address.LastIndexOf('/') + 1)..]);
        row.FileName.Should().Be($"{network}-{row.HashPrefix}.pth");
        row.HashPrefix.Should().MatchRegex("^[0-9a-f]{8}$");
        (row.Top1, row.Top5).Should().Be((top1, top5));
        row.Preprocessing.Should().Be(new Preprocessing(
            resizeTo, 224, ImageInterpolation.Bilinear, [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]));
        row.Path.Should().Be(Path.Join(WeightsCache.Folder, row.FileName));
        ResNets.Options(network).Classes.Should().Be(row.Classes.Count);
    }

    [Theory]
    [InlineData("resnet18", "IMAGENET1K_V1")]
    [InlineData("resnet50", "IMAGENET1K_V2")]
    [InlineData("ResNeXt101_64x4d", "IMAGENET1K_V1")]
    public void Without_a_name_the_latest_are_found(string network, string name)
    {
        PretrainedWeights.Find(network).Name.Should().Be(name);
    }

    [Fact]
    public void The_latest_are_the_most_accurate()
    {
        foreach (var rows in PretrainedWeights.Catalogue.GroupBy(row => row.Network))
            PretrainedWeights.Find(rows.Key).Should().BeSameAs(rows.MaxBy(row => row.Top1)).And.BeSameAs(rows.MaxBy(row => row.Top5));
    }

    [Fact]
    public void Names_are_found_in_upper_and_lower_case()
    {
        PretrainedWeights.Find("RESNET50", "imagenet1k_v1").HashPrefix.Should().Be("0676ba61");
    }

    [Fact]
    public void An_unknown_network_is_refused_with_the_nearest_names()
    {
        Refusal("resnet5O").Should().StartWith("ResNets.name is 'resnet5O', but has to be the name of a network; the nearest are resnet50");
    }

    [Fact]
    public void A_network_without_published_weights_is_refused_with_those_that_have_them()
    {
        Refusal("resnet20").Should().StartWith(
            "PretrainedWeights.network is 'resnet20', but has to be a network with published weights, "
            + "one of resnet18, resnet34, resnet50, resnet101, resnet152, "
            + "resnext50_32x4d, resnext101_32x8d, resnext101_64x4d, wide_resnet50_2, wide_resnet101_2.");
    }

    [Theory]
    [InlineData("resnet18", "IMAGENET1K_V2", "PretrainedWeights.name is 'IMAGENET1K_V2', but has to be IMAGENET1K_V1 for resnet18.")]
    [InlineData("Resnet50", "V2", "PretrainedWeights.name is 'V2', but has to be IMAGENET1K_V1 or IMAGENET1K_V2 for resnet50.")]
    [InlineData("resnet50", "", "PretrainedWeights.name is '', but has to be IMAGENET1K_V1 or IMAGENET1K_V2 for resnet50.")]
    public void An_unknown_name_is_refused_with_those_of_the_network(string network, string name, string message)
    {
        Refusal(network, name).Should().StartWith(message);
    }

    [Fact]
    public void The_classes_are_torchvisions_in_its_order()
    {
        var classes = PretrainedWeights.Find("resnet18").Classes;
        classes.Should().HaveCount(1_000).And.OnlyHaveUniqueItems();
        (classes[0], classes[134], classes[281], classes[517], classes[999])
            .Should().Be(("tench", "crane bird", "tabby", "crane", "toilet tissue"));
        // Python: hashlib.sha256("\n".join(ResNet18_Weights.IMAGENET1K_V1.meta["categories"]).encode()).hexdigest()
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', classes))))
            .Should().Be("0b0f9fee7c952f257418d62aa701f023a9da13b443a14f5c4291e5724d92967c");
    }

    // Python: torch.hub.get_dir() + "/checkpoints" with these variables; "~" is the user's folder.
    [Theory]
    [InlineData(null, null, "~/.cache/torch/hub/checkpoints")]
    [InlineData(null, "/c", "/c/torch/hub/checkpoints")]
    [InlineData("/t", "/c", "/t/hub/checkpoints")]
    [InlineData("~/t", null, "~/t/hub/checkpoints")]
    [InlineData("~", null, "~/hub/checkpoints")]
    [InlineData("~x/t", null, "~x/t/hub/checkpoints")]
    [InlineData(null, "~/c", "~/c/torch/hub/checkpoints")]
    [InlineData("", "", "~/.cache/torch/hub/checkpoints")]
    public void The_folder_is_PyTorchs(string? torchHome, string? cacheHome, string folder)
    {
        string expected = folder.StartsWith("~/", StringComparison.Ordinal)
            ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + folder[1..]
            : folder;
        WeightsCache.FolderFrom(name => name == "TORCH_HOME" ? torchHome : name == "XDG_CACHE_HOME" ? cacheHome : null)
            .Should().Be(Path.GetFullPath(expected));
    }

    [Theory]
    [InlineData(null, "https://download.pytorch.org/models/resnet18-f37072fd.pth")]
    [InlineData("", "https://download.pytorch.org/models/resnet18-f37072fd.pth")]
    [InlineData("http://mirror:8080", "http://mirror:8080/resnet18-f37072fd.pth")]
    [InlineData("https://mirror.example/torch/models", "https://mirror.example/torch/models/resnet18-f37072fd.pth")]
    [InlineData("HTTPS://mirror.example/torch/models/", "https://mirror.example/torch/models/resnet18-f37072fd.pth")]
    public void A_mirror_has_the_published_file_names(string? mirror, string address)
    {
        FileDownload.Source(PretrainedWeights.Find("resnet18").Address, WeightsCache.MirrorVariable, Mirror(mirror))
            .Should().Be(new Uri(address));
    }

    [Theory]
    [InlineData("ftp://mirror.example/models")]
    [InlineData("file:///srv/models")]
    [InlineData("/srv/models")]
    [InlineData("mirror.example")]
    [InlineData("localhost:8080")]
    public void A_mirror_of_another_kind_is_refused(string mirror)
    {
        var source = () => FileDownload.Source(PretrainedWeights.Find("resnet18").Address, WeightsCache.MirrorVariable, Mirror(mirror));
        source.Should().Throw<FileDownloadException>().WithMessage(
            $"The environment variable RESNET_WEIGHTS_MIRROR is '{mirror}', "
            + "but has to be an address that begins with http:// or https://.");
    }

    private static Func<string, string?> Mirror(string? address) => name => name == "RESNET_WEIGHTS_MIRROR" ? address : null;

    private static string Refusal(string network, string? name = null)
    {
        var find = () => PretrainedWeights.Find(network, name);
        return find.Should().Throw<ArgumentException>().Which.Message;
    }
}
