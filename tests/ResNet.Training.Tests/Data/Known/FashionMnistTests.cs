using System.IO.Compression;
using System.Net;
using ResNet.Imaging;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;

namespace ResNet.Training.Tests.Data.Known;

public sealed class FashionMnistTests : IDisposable
{
    private const int PictureBytes = 28 * 28;

    private static readonly FashionMnist.Split[] SmallSplits = [new("train", "train", 30), new("test", "t10k", 20)];

    private readonly TemporaryFolder folder = new();

    private string Root => Path.Join(folder.Path, "fashion-mnist");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Pictures_lie_in_the_folder_of_their_label_under_their_number()
    {
        (await Prepare()).Should().Be(Root);

        var (train, test) = DatasetSplits.Open(Root);
        train.Classes.Should().Equal(FashionMnist.Classes.Select(row => row.Folder));
        (train.Count, test.Count).Should().Be((30, 20));
        foreach (var (path, label) in train.Samples.Concat(test.Samples))
        {
            var number = int.Parse(Path.GetFileNameWithoutExtension(path), System.Globalization.CultureInfo.InvariantCulture);
            Path.GetFileName(path).Should().Be($"{number:D5}.png");
            label.Should().Be(Label(number));
            using var image = ImageDecoder.Open(path, 1);
            var pixels = new byte[PictureBytes];
            image.CropResizeInto(0, 0, 28, 28, 28, 28, flipHorizontally: false, pixels);
            pixels.Should().Equal(Picture(number));
        }
        Directory.GetDirectories(folder.Path).Should().Equal(Root);
    }

    [Fact]
    public async Task A_second_call_reads_nothing()
    {
        await Prepare();
        (await Prepare((_, _) => throw new InvalidOperationException("It reads again."))).Should().Be(Root);
    }

    [Fact]
    public async Task Progress_reaches_the_total()
    {
        var reports = new DatasetReports();
        await Prepare(progress: reports);
        reports.All.Should().Contain(new DatasetProgress("Unpacking Fashion-MNIST", 50, 50));
    }

    [Fact]
    public async Task Calls_at_the_same_time_do_each_other_no_harm()
    {
        var roots = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Prepare())));
        roots.Should().OnlyContain(root => root == Root);
        Directory.GetDirectories(folder.Path).Should().Equal(Root);
        DatasetSplits.Open(Root).Train.Count.Should().Be(30);
    }

    [Fact]
    public async Task A_failure_half_way_leaves_no_pictures_behind()
    {
        var prepare = () => Prepare(read: (name, dimensions) =>
            name.StartsWith("t10k", StringComparison.Ordinal)
                ? throw new DatasetException("There is no such file.")
                : Read(name, dimensions));
        await prepare.Should().ThrowAsync<DatasetException>();
        Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName)
            .Should().Equal("fashion-mnist.partial", "lock");
    }

    [Fact]
    public async Task Cancelling_leaves_no_pictures_behind()
    {
        using var cancellation = new CancellationTokenSource();
        FashionMnist.IdxReader read = (name, dimensions) =>
        {
            if (name == "t10k-labels-idx1-ubyte.gz")
                cancellation.Cancel();
            return Read(name, dimensions);
        };
        var prepare = () => Prepare(read, cancellationToken: cancellation.Token);
        await prepare.Should().ThrowAsync<OperationCanceledException>();
        Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName)
            .Should().Equal("fashion-mnist.partial", "lock");
    }

    [Fact]
    public async Task An_incomplete_folder_under_the_final_name_is_refused()
    {
        folder.Write("fashion-mnist/train/0-t-shirt-top/00001.png", []);
        var prepare = () => Prepare();
        await prepare.Should().ThrowAsync<DatasetException>()
            .WithMessage($"'{Root}' is not a complete copy of Fashion-MNIST: delete the folder, and it will be made again.");
    }

    [Fact]
    public async Task A_label_without_a_class_is_refused()
    {
        var prepare = () => Prepare(read: (_, dimensions) => Task.FromResult<ReadOnlyMemory<byte>>(
            Enumerable.Repeat((byte)10, dimensions.Aggregate((a, b) => a * b)).ToArray()));
        await prepare.Should().ThrowAsync<DatasetException>().WithMessage("*beyond 9.");
    }

    [Fact]
    public async Task A_cache_folder_that_cannot_be_made_is_refused_by_name()
    {
        var taken = folder.Write("taken", []);
        var prepare = () => KnownDataset.Find("fashion-mnist").PrepareAsync(taken);
        await prepare.Should().ThrowAsync<DatasetException>().WithMessage(
            $"Fashion-MNIST cannot be unpacked into '{Path.Join(taken, "fashion-mnist")}': "
            + "*; mend that, or name another folder with RESNET_CACHE.");
    }

    [Fact]
    public async Task Without_the_debian_package_the_published_files_are_downloaded()
    {
        using var server = new UnreliableServer([1], new UnreliableServer.Reply { Status = HttpStatusCode.NotFound });
        var before = Environment.GetEnvironmentVariable(DatasetCache.MirrorVariable);
        try
        {
            Environment.SetEnvironmentVariable(DatasetCache.MirrorVariable, new Uri(server.Address, "/").ToString());
            var prepare = () => DatasetWorkplace.PrepareAsync(
                KnownDataset.Find("fashion-mnist"), folder.Path,
                work => FashionMnist.ReadAsync(work, "t10k-labels-idx1-ubyte.gz", [10_000], Path.Join(folder.Path, "no-package")),
                null,
                CancellationToken.None);
            var partial = Path.Join(Root + ".partial", "t10k-labels-idx1-ubyte.gz");
            await prepare.Should().ThrowAsync<DatasetException>().WithMessage(
                "http://*/t10k-labels-idx1-ubyte.gz cannot be downloaded: "
                + $"the server answers 404 NotFound; download it elsewhere and put it at '{partial}', "
                + "or set RESNET_DATASETS_MIRROR to the address of a mirror that has it, "
                + "or install Debian's package dataset-fashion-mnist; what else is needed, train-images-idx3-ubyte.gz, "
                + "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, belongs in the same folder.");
        }
        finally
        {
            Environment.SetEnvironmentVariable(DatasetCache.MirrorVariable, before);
        }
    }

    [Fact]
    public async Task Files_that_were_put_where_the_message_says_need_no_download()
    {
        var files = new List<DatasetFile>();
        foreach (var (_, prefix, count) in SmallSplits)
        {
            foreach (var (name, dimensions) in new (string, int[])[] { ("images-idx3", [count, 28, 28]), ("labels-idx1", [count]) })
            {
                var content = Packed(dimensions, await Read("", dimensions));
                files.Add(new(new($"http://127.0.0.1:9/{prefix}-{name}-ubyte.gz"), TestArchive.Md5(content)));
                folder.Write($"fashion-mnist.partial/{files[^1].Name}", content);
            }
        }
        var published = KnownDataset.Find("fashion-mnist");
        var dataset = new KnownDataset("fashion-mnist", published.Title, FashionMnist.Classes, files, work => FashionMnist.FillAsync(
            work, SmallSplits, (name, dimensions) => FashionMnist.ReadAsync(work, name, dimensions, Path.Join(folder.Path, "no-package"))))
        {
            Website = published.Website, EvaluationFolder = "test", TrainingImages = 30, EvaluationImages = 20,
        };
        (await dataset.PrepareAsync(folder.Path)).Should().Be(Root);
        var (train, test) = DatasetSplits.Open(Root);
        (train.Count, test.Count).Should().Be((30, 20));

        static byte[] Packed(int[] dimensions, ReadOnlyMemory<byte> data)
        {
            const byte bytes = 8;
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
                gzip.Write(
                    [
                        0,
                        0,
                        bytes,
                        (byte)dimensions.Length,
                        .. dimensions.SelectMany(size => new byte[] { 0, 0, 0, (byte)size }),
                        .. data.Span,
                    ]);
            return packed.ToArray();
        }
    }

    [Fact]
    public void The_cache_folder_can_be_chosen()
    {
        var before = Environment.GetEnvironmentVariable(DatasetCache.EnvironmentVariable);
        try
        {
            Environment.SetEnvironmentVariable(DatasetCache.EnvironmentVariable, folder.Path);
            DatasetCache.Folder.Should().Be(folder.Path);
            Environment.SetEnvironmentVariable(DatasetCache.EnvironmentVariable, null);
            Path.GetFileName(DatasetCache.Folder).Should().Be("resnet-dotnet");
            Path.IsPathRooted(DatasetCache.Folder).Should().BeTrue();
        }
        finally
        {
            Environment.SetEnvironmentVariable(DatasetCache.EnvironmentVariable, before);
        }
    }

    [DebianPackageFact]
    public async Task The_whole_data_set_is_unpacked_from_the_debian_package()
    {
        var (train, test) = DatasetSplits.Open(await KnownDataset.Find("fashion-mnist").PrepareAsync(folder.Path));
        train.CountPerClass.Should().Equal(Enumerable.Repeat(6_000, 10));
        test.CountPerClass.Should().Equal(Enumerable.Repeat(1_000, 10));

        using var packed = new GZipStream(
            File.OpenRead(Path.Join(DebianPackageFactAttribute.Folder, "t10k-images-idx3-ubyte.gz")), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        await packed.CopyToAsync(unpacked);
        foreach (var (path, _) in test.Samples.Where((_, i) => i % 997 == 0))
        {
            var number = int.Parse(Path.GetFileNameWithoutExtension(path), System.Globalization.CultureInfo.InvariantCulture);
            using var image = ImageDecoder.Open(path, 1);
            var pixels = new byte[PictureBytes];
            image.CropResizeInto(0, 0, 28, 28, 28, 28, flipHorizontally: false, pixels);
            pixels.Should().Equal(unpacked.ToArray().Skip(16 + (number * PictureBytes)).Take(PictureBytes));
        }
    }

    private Task<string> Prepare(
        FashionMnist.IdxReader? read = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DatasetWorkplace.PrepareAsync(
            KnownDataset.Find("fashion-mnist"),
            folder.Path,
            work => FashionMnist.FillAsync(work, SmallSplits, read ?? Read),
            progress,
            cancellationToken);

    // Both splits have the same pictures, but different numbers of them.
    private static Task<ReadOnlyMemory<byte>> Read(string name, int[] dimensions) => Task.FromResult<ReadOnlyMemory<byte>>(
        dimensions.Length == 1
            ? Enumerable.Range(0, dimensions[0]).Select(Label).ToArray()
            : Enumerable.Range(0, dimensions[0]).SelectMany(Picture).ToArray());

    private static byte Label(int number) => (byte)(number * 7 % 10);

    private static byte[] Picture(int number)
    {
        var pixels = new byte[PictureBytes];
        new Random(number).NextBytes(pixels);
        return pixels;
    }

    private sealed class DebianPackageFactAttribute : FactAttribute
    {
        public const string Folder = "/usr/share/datasets/fashion-mnist";

        public DebianPackageFactAttribute() => Skip = Directory.Exists(Folder)
            ? null
            : "The Debian package dataset-fashion-mnist is not installed.";
    }
}
