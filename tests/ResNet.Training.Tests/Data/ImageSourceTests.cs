using System.IO.Compression;
using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;

namespace ResNet.Training.Tests.Data;

/// <summary>Custom image sources: the loader treats them like folders.</summary>
public sealed class ImageSourceTests : IDisposable
{
    private const int Images = 10;

    private static readonly Compose s_transforms = new(new RandomResizedCrop(12), new RandomHorizontalFlip());

    private readonly TemporaryFolder _folder = new();
    private readonly ImageFolder _files;
    private readonly string _zip;

    public ImageSourceTests()
    {
        for (int i = 0; i < Images; i++)
        {
            byte[] picture = PngEncoder.Encode(Motif.Pixels(20 + i, 30, 3), 20 + i, 30, 3);
            _folder.Write($"photos/{(i % 2 == 0 ? "a" : "b")}/{i}.png", picture);
        }
        _files = new ImageFolder(Path.Join(_folder.Path, "photos"));
        _zip = _folder.File("photos.zip");
        ZipFile.CreateFromDirectory(_files.Root, _zip);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Images_from_an_archive_make_the_batches_of_the_same_files(int channels)
    {
        var options = new ImageLoaderOptions { BatchSize = 4, Channels = channels, Shuffle = true, Seed = 3, Workers = 2 };
        var fromFiles = Batches(new ImageLoader(_files, s_transforms, options));
        fromFiles.Should().HaveCount(2);
        Batches(new ImageLoader(new ZipSource(_zip), s_transforms, options))
            .Should().BeEquivalentTo(fromFiles, equality => equality.WithStrictOrdering());
        Batches(new ImageLoader(_files.Samples, s_transforms, options))
            .Should().BeEquivalentTo(fromFiles, equality => equality.WithStrictOrdering());
    }

    [Fact]
    public void A_damaged_image_of_an_archive_is_named_or_skipped()
    {
        using (var zip = ZipFile.Open(_zip, ZipArchiveMode.Update))
        {
            zip.GetEntry("a/4.png")!.Delete();
            using var stream = zip.CreateEntry("a/4.png").Open();
            stream.Write(PngEncoder.Encode(Motif.Pixels(20, 30, 3), 20, 30, 3).AsSpan(..^60));
        }
        var options = new ImageLoaderOptions { BatchSize = Images };
        var pass = () => Batches(new ImageLoader(new ZipSource(_zip), s_transforms, options));
        pass.Should().Throw<ImageDecodingException>().WithMessage("Cannot read the image 'a/4.png': the file is damaged or truncated*");
        var skipping = new ImageLoader(new ZipSource(_zip), s_transforms, options with { OnUnreadableImage = OnUnreadableImage.Skip });
        skipping.Epoch(0).Single().Count.Should().Be(Images - 1);
    }

    [Fact]
    public void What_a_reader_gives_is_checked()
    {
        Refuse<InvalidOperationException>(
            new Wrong { Image = (20, 20, 1) },
            "*opened 'nothing 0' with 20 × 20 pixels of 1 channel(s), but images have to have 3, and from 1 to *");
        Refuse<InvalidOperationException>(new Wrong { Image = (0, 20, 3) }, "*0 × 20 pixels*");
        Refuse<InvalidOperationException>(
            new Wrong { Image = (20, 20, 3), Given = new Area(0, 0, 5, 5) }, "*Read gave Area { Left = 0, Top = 0, Width = 5, Height = 5*");
        Refuse<ArgumentException>(new Wrong { Image = (20, 20, 3), Bytes = 1199 }, "There are 1199 bytes where 20 × 20 pixels need 1200.*");
        Refuse<DatasetException>(new Wrong { Class = -1 }, "The image 'nothing 0' has the label -1, but labels have to be at least 0.");
        Refuse<IOException>(new Wrong { Failure = new IOException("the line is down") }, "the line is down");
        Refuse<IOException>(
            new Wrong { Image = (20, 20, 3), ClosingFailure = new IOException("the line stays open") }, "the line stays open");
        // The exception is the original failure, not the later one.
        var both = new Wrong { Failure = new IOException("the line is down"), ClosingFailure = new IOException("the line stays open") };
        Refuse<IOException>(both, "the line is down");
        Refuse<InvalidOperationException>(new Wrong { HasNoReader = true }, "*Wrong.OpenReader gave null.");
        Batches(new ImageLoader(new Wrong { Image = (20, 20, 3) }, s_transforms, new ImageLoaderOptions { BatchSize = 1 }))
            .Should().ContainSingle();

        static void Refuse<T>(Wrong source, string message)
            where T : Exception
        {
            var pass = () => Batches(new ImageLoader(source, s_transforms, new ImageLoaderOptions { BatchSize = 1 }));
            pass.Should().Throw<T>().WithMessage(message);
        }
    }

    [Fact]
    public void A_source_of_another_number_of_channels_is_refused_at_once()
    {
        var make = () => new ImageLoader(new Wrong { Channels = 1 }, s_transforms, new ImageLoaderOptions { BatchSize = 1 });
        make.Should().Throw<InvalidOptionException>()
            .WithMessage("ImageLoaderOptions.Channels is 3, but has to be 1, the number of channels of *Wrong.");
    }

    private static List<(long[] Labels, byte[] Pixels)> Batches(ImageLoader loader) =>
        [.. loader.Epoch(1).Select(batch => (batch.Labels.data<long>().ToArray(), batch.Images.data<byte>().ToArray()))];

    private sealed class ZipSource(string path) : IImageSource
    {
        private readonly List<string> _names = List(path);

        public int Count => _names.Count;

        public int Label(int index) => _names[index][0] - 'a';

        public string Name(int index) => _names[index];

        public IImageReader OpenReader(int channels) => new Reader(path, _names, channels);

        private static List<string> List(string path)
        {
            using var zip = ZipFile.OpenRead(path);
            return [.. zip.Entries.Where(entry => entry.Length > 0).Select(entry => entry.FullName).Order(StringComparer.Ordinal)];
        }

        private sealed class Reader(string path, List<string> names, int channels) : IImageReader
        {
            private readonly ZipArchive _zip = ZipFile.OpenRead(path);
            private readonly ImageReader _reader = new(channels);

            public IPixelSource Open(int index)
            {
                using var contents = _zip.GetEntry(names[index])!.Open();
                _reader.Open(names[index], contents);
                return _reader;
            }

            public void Dispose()
            {
                _reader.Dispose();
                _zip.Dispose();
            }
        }
    }

    // A source of one image, with faults on request.
    private sealed class Wrong : IImageSource, IImageReader, IPixelSource
    {
        internal (int Width, int Height, int Channels) Image { get; init; }

        internal Area? Given { get; init; }

        internal int? Bytes { get; init; }

        internal int Class { get; init; }

        internal Exception? Failure { get; init; }

        internal Exception? ClosingFailure { get; init; }

        internal bool HasNoReader { get; init; }

        public int? Channels { get; init; }

        int IImageSource.Count => 1;

        int IPixelSource.Width => Image.Width;

        int IPixelSource.Height => Image.Height;

        int IPixelSource.Channels => Image.Channels;

        public PixelView Read(Area area)
        {
            var given = Given ?? new Area(0, 0, Image.Width, Image.Height);
            return new(
                new byte[Bytes ?? (Image.Width * Image.Height * Image.Channels)], given.Width * Image.Channels, Image.Channels, given);
        }

        public IPixelSource Open(int index) => Failure is null ? this : throw Failure;

        public IImageReader OpenReader(int channels) => HasNoReader ? null! : this;

        public int Label(int index) => Class;

        public string Name(int index) => $"nothing {index}";

        public void Dispose()
        {
            if (ClosingFailure is not null) throw ClosingFailure;
        }
    }
}
