using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data;

namespace ResNet.Training.Tests.Data;

public sealed class FashionMnistTests : IDisposable
{
    private const int PictureBytes = 28 * 28;

    private static readonly FashionMnist.Split[] SmallSplits = [new("train", "train", 30), new("test", "t10k", 20)];

    private readonly TemporaryFolder folder = new();

    private string Root => Path.Join(folder.Path, "fashion-mnist");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Class_folders_sort_in_the_order_of_their_labels()
    {
        FashionMnist.Classes.Should().HaveCount(10).And.BeInAscendingOrder(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Pictures_lie_in_the_folder_of_their_label_under_their_number()
    {
        (await Prepare()).Should().Be(Root);

        var (train, test) = ImageFolder.OpenSplits(Root);
        train.Classes.Should().Equal(FashionMnist.Classes);
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
        var again = await FashionMnist.PrepareAsync(
            folder.Path, SmallSplits, (_, _) => throw new InvalidOperationException("It reads again."), null, CancellationToken.None);
        again.Should().Be(Root);
    }

    [Fact]
    public async Task Progress_reaches_the_total()
    {
        var reports = new ConcurrentBag<DatasetProgress>();
        await Prepare(progress: new Listener(reports));
        reports.Should().Contain(new DatasetProgress("Unpacking Fashion-MNIST", 50, 50));
    }

    [Fact]
    public async Task Calls_at_the_same_time_do_each_other_no_harm()
    {
        var roots = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Prepare())));
        roots.Should().OnlyContain(root => root == Root);
        Directory.GetDirectories(folder.Path).Should().Equal(Root);
        ImageFolder.OpenSplits(Root).Train.Count.Should().Be(30);
    }

    [Fact]
    public async Task A_failure_half_way_leaves_nothing_behind()
    {
        var prepare = () => Prepare(read: (name, dimensions) =>
            name.StartsWith("t10k", StringComparison.Ordinal) ? throw new DatasetException("There is no such file.") : Read(name, dimensions));
        await prepare.Should().ThrowAsync<DatasetException>();
        Directory.GetFileSystemEntries(folder.Path).Should().BeEmpty();
    }

    [Fact]
    public async Task Cancelling_leaves_nothing_behind()
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
        Directory.GetFileSystemEntries(folder.Path).Should().BeEmpty();
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
        var prepare = () => FashionMnist.PrepareAsync(taken, SmallSplits, Read, null, CancellationToken.None);
        await prepare.Should().ThrowAsync<DatasetException>().WithMessage("Fashion-MNIST cannot be unpacked into '*");
    }

    [Fact]
    public async Task A_download_with_another_sum_than_the_published_one_is_refused()
    {
        var download = Download(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent([1, 2, 3]) });
        await download.Should().ThrowAsync<DatasetException>().WithMessage(
            "What http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz sends is not the published file: "
            + "its MD5 sum is not bb300cfdad3c16e7a12a480ee83cd310. *dataset-fashion-mnist*");
    }

    [Fact]
    public async Task A_download_that_fails_names_the_address()
    {
        var missing = Download(_ => new HttpResponseMessage(HttpStatusCode.NotFound));
        await missing.Should().ThrowAsync<DatasetException>().WithMessage("http://*t10k-labels-idx1-ubyte.gz cannot be downloaded: *404*");
        var unreachable = Download(_ => throw new HttpRequestException("No route to host."));
        await unreachable.Should().ThrowAsync<DatasetException>().WithMessage("*cannot be downloaded: No route to host. On Debian*");
    }

    [Fact]
    public async Task A_cancelled_download_stays_a_cancellation()
    {
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();
        var download = Download(_ => new HttpResponseMessage(HttpStatusCode.OK), cancellation.Token);
        await download.Should().ThrowAsync<OperationCanceledException>();
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
        var (train, test) = ImageFolder.OpenSplits(await FashionMnist.PrepareAsync(folder.Path));
        train.CountPerClass.Should().Equal(Enumerable.Repeat(6_000, 10));
        test.CountPerClass.Should().Equal(Enumerable.Repeat(1_000, 10));

        using var packed = new GZipStream(File.OpenRead(Path.Join(DebianPackageFactAttribute.Folder, "t10k-images-idx3-ubyte.gz")), CompressionMode.Decompress);
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
        FashionMnist.PrepareAsync(folder.Path, SmallSplits, read ?? Read, progress, cancellationToken);

    // Both splits hold the same pictures, told apart by their number.
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

    private static Func<Task<byte[]>> Download(Func<HttpRequestMessage, HttpResponseMessage> answer, CancellationToken cancellationToken = default) => async () =>
    {
        using var client = new HttpClient(new Answering(answer));
        return await new FashionMnistFiles(client, null, cancellationToken).DownloadAsync("t10k-labels-idx1-ubyte.gz");
    };

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(answer(request));
        }
    }

    private sealed class Listener(ConcurrentBag<DatasetProgress> reports) : IProgress<DatasetProgress>
    {
        public void Report(DatasetProgress value) => reports.Add(value);
    }

    private sealed class DebianPackageFactAttribute : FactAttribute
    {
        public const string Folder = "/usr/share/datasets/fashion-mnist";

        public DebianPackageFactAttribute() => Skip = Directory.Exists(Folder) ? null : "The Debian package dataset-fashion-mnist is not installed.";
    }
}
