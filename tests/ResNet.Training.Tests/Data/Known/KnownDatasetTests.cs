using System.Net;
using ResNet.Imaging;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using Reply = ResNet.Testing.UnreliableServer.Reply;

namespace ResNet.Training.Tests.Data.Known;

public sealed class KnownDatasetTests : IDisposable
{
    private static readonly DatasetClass[] s_classes = [new("n1", "tench"), new("n2", "church")];

    private static readonly byte[] s_archive = TestArchive.Of(
        ("small/", []), ("small/train/n1/1.png", [1]), ("small/train/n1/2.png", [2]), ("small/train/n2/1.png", [3]),
        ("small/val/n1/1.png", [4]), ("small/val/n2/1.png", [5]), ("small/noise.csv", [6]), ("small/train/.DS_Store", [7]));

    private readonly TemporaryFolder _folder = new();
    private readonly string? _mirror = Environment.GetEnvironmentVariable(DatasetCache.MirrorVariable);

    private string Root => Path.Join(_folder.Path, "small");

    private string Place => Root + ".partial";

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(DatasetCache.MirrorVariable, _mirror);
        _folder.Dispose();
    }

    // torchvision/datasets/imagenette.py for Imagenette; https://www.cs.toronto.edu/~kriz/cifar.html for CIFAR-10.
    [Theory]
    [InlineData(
        "imagenette2", "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2.tgz", "fe2fc210e6bb7c5664d602c3cd71e612", 9_469, 3_925)]
    [InlineData(
        "imagenette2-320",
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
        "3df6f0d01a2c9592104656642f5e78a3",
        9_469,
        3_925)]
    [InlineData(
        "imagenette2-160",
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
        "e793b78cc4c9e9a4ccc0c1155377a412",
        9_469,
        3_925)]
    [InlineData(
        "imagewoof2", "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2.tgz", "9aafe18bcdb1632c4249a76c458465ba", 9_025, 3_929)]
    [InlineData(
        "imagewoof2-320",
        "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-320.tgz",
        "0f46d997ec2264e97609196c95897a44",
        9_025,
        3_929)]
    [InlineData(
        "imagewoof2-160",
        "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz",
        "3d200a7be99704a0d7509be2a9fbfe15",
        9_025,
        3_929)]
    [InlineData("CIFAR10", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 50_000, 10_000)]
    public void Rows_have_the_published_addresses_and_sums(string name, string address, string md5, int training, int evaluation)
    {
        var row = KnownDataset.Find(name);
        row.Files.Should().Equal(new DatasetFile(new(address), md5));
        (row.TrainingImages, row.EvaluationImages).Should().Be((training, evaluation));
    }

    [Fact]
    public void Every_row_has_ten_classes_in_the_order_of_its_folders()
    {
        KnownDataset.Catalogue.Select(row => row.Name).Should().Equal(
            "fashion-mnist", "cifar10", "imagenette2", "imagenette2-320", "imagenette2-160", "imagewoof2", "imagewoof2-320",
            "imagewoof2-160");
        foreach (var row in KnownDataset.Catalogue)
        {
            row.Classes.Select(one => one.Folder).Should().HaveCount(10).And.BeInAscendingOrder(StringComparer.Ordinal);
            row.Classes.Select(one => one.Name).Should().OnlyHaveUniqueItems();
            row.EvaluationFolder.Should().Match(name => name == "val" || name == "test");
            row.Files.Should().OnlyContain(file => file.Md5.Length == 32);
        }
        KnownDataset.Find("imagewoof2").Classes.Should().Contain(new DatasetClass("n02115641", "dingo"));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_those_there_are()
    {
        var find = () => KnownDataset.Find("imagenet");
        find.Should().Throw<InvalidOptionException>()
            .WithMessage("KnownDataset.name is 'imagenet', but has to be one of fashion-mnist, cifar10, imagenette2, *, imagewoof2-160.");
    }

    [Fact]
    public async Task An_archive_becomes_an_image_folder_and_does_not_stay()
    {
        using var server = new UnreliableServer(s_archive);
        var reports = new DatasetReports();
        (await Row(server).PrepareAsync(_folder.Path, reports)).Should().Be(Root);

        var (train, val) = DatasetSplits.Open(Root);
        train.Classes.Should().Equal("n1", "n2");
        (train.Count, val.Count).Should().Be((3, 2));
        File.Exists(Path.Join(Root, "noise.csv")).Should().BeTrue();
        Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Root);
        var length = s_archive.Length;
        reports.All.Should().Contain([new("Downloading small.tgz", length, length), new("Unpacking small.tgz", length, length)]);
    }

    [Fact]
    public async Task What_is_there_is_used_without_a_request()
    {
        using (var server = new UnreliableServer(s_archive)) await Row(server).PrepareAsync(_folder.Path);
        using var again = new UnreliableServer(s_archive);
        var written = Directory.GetLastWriteTimeUtc(Root);
        (await Row(again).PrepareAsync(_folder.Path)).Should().Be(Root);
        again.Requests.Should().BeEmpty();
        Directory.GetLastWriteTimeUtc(Root).Should().Be(written);
    }

    [Fact]
    public async Task A_cut_download_goes_on_in_the_next_call()
    {
        var archive = s_archive;
        var never = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        using var server = new UnreliableServer(archive, new Reply { CutAfter = 100, Waits = never.Task }, new Reply());
        var stop = new DatasetReports(report =>
        {
            if (report.Done == 100) cancellation.Cancel();
        });
        var prepare = () => Row(server).PrepareAsync(_folder.Path, stop, cancellation.Token);
        await prepare.Should().ThrowAsync<OperationCanceledException>();
        never.SetResult();
        Directory.Exists(Root).Should().BeFalse();
        File.ReadAllBytes(Path.Join(Place, "small.tgz.partial")).Should().Equal(archive[..100]);

        await Row(server).PrepareAsync(_folder.Path);
        server.Requests.Should().Equal(null, 100L);
        Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Root);
    }

    [Fact]
    public async Task Another_sum_than_the_published_one_is_refused()
    {
        using var server = new UnreliableServer(TestArchive.Of(("other", [])));
        (await RefusalAsync(Row(server))).Should().Match(
            "http://*/small.tgz cannot be downloaded: the MD5 of what arrives is *, "
            + $"but should be {TestArchive.Md5(s_archive)}; download it elsewhere and put it at "
            + $"'{Path.Join(Place, "small.tgz")}', or set RESNET_DATASETS_MIRROR to the address of a mirror that has it.");
    }

    [Fact]
    public async Task A_file_that_was_put_there_by_hand_is_checked_and_used()
    {
        using var server = new UnreliableServer([], new Reply { Status = HttpStatusCode.NotFound });
        _folder.Write("small.partial/small.tgz", [1]);
        (await RefusalAsync(Row(server))).Should().StartWith($"'{Path.Join(Place, "small.tgz")}' is not the published file: its MD5 is ");
        _folder.Write("small.partial/small.tgz", s_archive);
        await Row(server).PrepareAsync(_folder.Path);
        server.Requests.Should().BeEmpty();
        DatasetSplits.Open(Root).Train.Count.Should().Be(3);
    }

    [Fact]
    public async Task A_mirror_is_used_instead()
    {
        using var publisher = new UnreliableServer([], new Reply { Status = HttpStatusCode.NotFound });
        using var mirror = new UnreliableServer(s_archive);
        Environment.SetEnvironmentVariable(DatasetCache.MirrorVariable, new Uri(mirror.Address, "/here/").ToString());
        await Row(publisher).PrepareAsync(_folder.Path);
        publisher.Requests.Should().BeEmpty();
        mirror.Requests.Should().ContainSingle();

        Environment.SetEnvironmentVariable(DatasetCache.MirrorVariable, "mirror.example");
        Directory.Delete(Root, recursive: true);
        (await RefusalAsync(Row(publisher))).Should().Be(
            "The environment variable RESNET_DATASETS_MIRROR is 'mirror.example', "
            + "but has to be an address that begins with http:// or https://.");
    }

    [Fact]
    public async Task A_hostile_archive_leaves_nothing_unpacked()
    {
        var hostile = TestArchive.Of(("small/train/n1/1.png", []), ("../../outside", [1]));
        using var server = new UnreliableServer(hostile);
        (await RefusalAsync(Row(server, hostile)))
            .Should().EndWith("small.tgz' is not unpacked: its entry '../../outside' lies outside of the folder that it is unpacked into.");
        Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Place);
        Directory.GetDirectories(Place).Should().BeEmpty();
    }

    [Fact]
    public async Task An_archive_of_something_else_is_refused_with_the_folder_it_lacks()
    {
        var other = TestArchive.Of(("small/train/n1/1.png", []), ("small/train/n2/1.png", []), ("small/val/n1/1.png", []));
        using var server = new UnreliableServer(other);
        (await RefusalAsync(Row(server, other))).Should().EndWith("has no folder small/val/n2: it is not Small.");
        Directory.GetDirectories(Place).Should().BeEmpty();
    }

    [Fact]
    public async Task Many_at_the_same_time_give_one_folder_and_one_transfer()
    {
        for (var round = 0; round < 5; round++)
        {
            using var server = new UnreliableServer(s_archive);
            var roots = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Row(server).PrepareAsync(_folder.Path))));
            roots.Should().OnlyContain(root => root == Root);
            server.Requests.Should().ContainSingle();
            DatasetSplits.Open(Root).Train.Count.Should().Be(3);
            Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Root);
            Directory.Delete(Root, recursive: true);
        }
    }

    [Fact]
    public async Task Who_waits_says_so_and_can_be_stopped()
    {
        using var server = new UnreliableServer(s_archive);
        using var held = new FileStream(_folder.File("small.partial/lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        using var cancellation = new CancellationTokenSource();
        var reports = new DatasetReports(_ => cancellation.Cancel());
        var prepare = () => Row(server).PrepareAsync(_folder.Path, reports, cancellation.Token);
        await prepare.Should().ThrowAsync<OperationCanceledException>();
        reports.All.Should().Equal(new DatasetProgress("Waiting for another process that prepares Small", 0, 0));
        server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task What_a_killed_process_left_is_cleared_away()
    {
        _folder.Write("small.partial/lock", []);
        _folder.Write("small.partial/images/train/n1/half.png", []);
        _folder.Write("small.partial/unpacked/small/train/n1/half.png", []);
        using var server = new UnreliableServer(s_archive);
        await Row(server).PrepareAsync(_folder.Path);
        DatasetSplits.Open(Root).Train.Count.Should().Be(3);
        Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Root);
    }

    [Fact]
    public async Task CIFARs_records_become_pictures_in_the_folder_of_their_label()
    {
        const int count = 4;
        var archive = TestArchive.Of(
        [
            .. Enumerable.Range(0, 5).Select(file => ($"cifar-10-batches-bin/data_batch_{file + 1}.bin", Records(file * count, count))),
            ("cifar-10-batches-bin/test_batch.bin", Records(100, count)),
            ("cifar-10-batches-bin/readme.html", [1]),
        ]);
        using var server = new UnreliableServer(archive);
        var reports = new DatasetReports();
        await Cifar(server, archive, count).PrepareAsync(_folder.Path, reports);

        Directory.EnumerateDirectories(Path.Join(Root, "train")).Select(Path.GetFileName).Order()
            .Should().Equal(Cifar10.Classes.Select(row => row.Folder));
        var pictures = Directory.GetFiles(Path.Join(Root, "train"), "*.png", SearchOption.AllDirectories);
        pictures.Should().HaveCount(5 * count);
        foreach (var path in pictures)
        {
            var number = int.Parse(Path.GetFileNameWithoutExtension(path), System.Globalization.CultureInfo.InvariantCulture);
            ShouldBe(path, number);
        }
        ShouldBe(Path.Join(Root, "test", Cifar10.Classes[100 % 10].Folder, "00000.png"), 100);
        reports.All.Should().Contain(new DatasetProgress("Unpacking Small", 6 * count, 6 * count));
        Directory.GetFileSystemEntries(_folder.Path).Should().Equal(Root);
    }

    [Fact]
    public async Task CIFAR_files_of_another_length_or_missing_are_refused()
    {
        var archive = TestArchive.Of(("cifar-10-batches-bin/data_batch_1.bin", Records(0, 2)));
        using var server = new UnreliableServer(archive);
        (await RefusalAsync(Cifar(server, archive, 3)))
            .Should().Be("cifar-10-batches-bin/data_batch_1.bin of Small has 6,146 bytes instead of 9,219.");
        (await RefusalAsync(Cifar(server, archive, 2))).Should().Be("The archive of Small has no cifar-10-batches-bin/data_batch_2.bin.");
        Directory.GetDirectories(Place).Should().BeEmpty();
    }

    private static KnownDataset Cifar(UnreliableServer server, byte[] archive, int count) =>
        Make(Cifar10.Classes, server, archive, work => Cifar10.FillAsync(work, count));

    private static KnownDataset Row(UnreliableServer server, byte[]? archive = null) =>
        Make(s_classes, server, archive ?? s_archive, ImageArchive.FillAsync);

    private static KnownDataset Make(
        IReadOnlyList<DatasetClass> classes, UnreliableServer server, byte[] archive, Func<DatasetWorkplace, Task> fill) =>
        new("small", "Small", classes, [new(new(server.Address, "/small.tgz"), TestArchive.Md5(archive))], fill)
        {
            Website = server.Address, EvaluationFolder = "val", TrainingImages = 3, EvaluationImages = 2,
        };

    private async Task<string> RefusalAsync(KnownDataset row)
    {
        var prepare = () => row.PrepareAsync(_folder.Path);
        var message = (await prepare.Should().ThrowAsync<DatasetException>()).Which.Message;
        Directory.Exists(Root).Should().BeFalse();
        return message;
    }

    private static byte[] Records(int first, int count) =>
        [.. Enumerable.Range(first, count).SelectMany(number => (byte[])[(byte)(number % 10), .. Planes(number)])];

    // Three planes, as in CIFAR's files.
    private static byte[] Planes(int number)
    {
        var planes = new byte[3 * 32 * 32];
        new Random(number).NextBytes(planes);
        return planes;
    }

    private static void ShouldBe(string path, int number)
    {
        Path.GetFileName(Path.GetDirectoryName(path)).Should().Be(Cifar10.Classes[number % 10].Folder);
        using var image = ImageDecoder.Open(path, 3);
        (image.Width, image.Height).Should().Be((32, 32));
        var pixels = new byte[3 * 32 * 32];
        image.CropResizeInto(0, 0, 32, 32, 32, 32, flipHorizontally: false, pixels);
        var planes = Planes(number);
        pixels.Should().Equal(Enumerable.Range(0, 32 * 32).SelectMany(i => new[] { planes[i], planes[1024 + i], planes[2048 + i] }));
    }
}
