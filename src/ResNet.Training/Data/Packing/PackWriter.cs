using ResNet.Core;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Transforms;

namespace ResNet.Training.Data.Packing;

/// <summary>Makes one pack of one folder.</summary>
internal sealed class PackWriter(ImageFolder folder, PackOptions options, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
{
    // Enough for every thread to have several, and few enough for memory.
    private const int ImagesAThread = 8;

    // The index behind the pixels begins where 64-bit numbers may.
    private const int Alignment = 8;

    private readonly List<long> _offsets = [0];
    private readonly List<long> _labels = [];
    private readonly List<int> _sizes = [];
    private readonly List<uint> _checksums = [];
    private readonly List<string> _names = [];
    private readonly List<ImageDecodingException> _skipped = [];

    public IReadOnlyList<ImageDecodingException> Write(string path)
    {
        try
        {
            AtomicFile.Write(path, Write);
            return _skipped;
        }
        catch (AggregateException failure) when (failure.InnerExceptions.FirstOrDefault(inner => inner is not OperationCanceledException) is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
            throw;
        }
    }

    private void Write(Stream file)
    {
        var header = new PackHeader
        {
            Classes = folder.Classes,
            Channels = options.Channels,
            ShorterSide = options.ShorterSide ?? 0,
            Source = Path.GetFullPath(folder.Root),
            Fingerprint = ImagePack.Fingerprint(folder),
        };
        var room = header.Room(folder.Count, folder.Samples.Sum(sample => ImagePack.RelativeName(folder, sample).Length * 4));
        file.Write(new byte[room]);
        WritePixels(file);
        if (_labels.Count == 0) throw new DatasetException($"None of the images in '{folder.Root}' can be read: {_skipped[0].Message}");

        var padded = (_offsets[^1] + Alignment - 1) / Alignment * Alignment;
        file.Write(new byte[padded - _offsets[^1]]);
        var index = new PackIndex([.. _offsets], [.. _labels], [.. _sizes], [.. _checksums], PackIndex.JoinNames(_names));
        foreach (var part in index.Parts()) file.Write(part.Span);
        file.Position = 0;
        file.Write((header with { PixelBytes = padded, Images = index.Count, NameBytes = index.Names.Length, IndexDigest = index.Digest() }).ToBytes(room));
    }

    private void WritePixels(Stream file)
    {
        var images = new Packed[Math.Min(folder.Count, options.Workers * ImagesAThread)];
        using var workers = new ThreadLocal<Worker>(() => new Worker(options), trackAllValues: true);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Workers, CancellationToken = cancellationToken };
        for (var start = 0; start < folder.Count; start += images.Length)
        {
            var count = Math.Min(images.Length, folder.Count - start);
            Parallel.For(0, count, parallel, i => images[i] = workers.Value!.Decode(folder.Samples[start + i].Path));
            for (var i = 0; i < count; i++) Append(file, folder.Samples[start + i], images[i]);
            progress?.Report(new DatasetProgress($"Packing {folder.Root}", start + count, folder.Count));
        }
        foreach (var worker in workers.Values) worker.Dispose();
    }

    private void Append(Stream file, ImageSample sample, Packed image)
    {
        if (image.Failure is { } failure)
        {
            _skipped.Add(failure);
            return;
        }
        file.Write(image.Pixels);
        _offsets.Add(_offsets[^1] + image.Pixels.Length);
        _labels.Add(sample.Label);
        _sizes.AddRange(image.Height, image.Width);
        _checksums.Add(image.Checksum);
        _names.Add(ImagePack.RelativeName(folder, sample));
    }

    private readonly record struct Packed(byte[] Pixels, int Height, int Width, uint Checksum, ImageDecodingException? Failure);

    private sealed class Worker(PackOptions options) : IDisposable
    {
        private readonly ImageReader _reader = new(options.Channels);
        private readonly Canvas _canvas = new();

        public Packed Decode(string path)
        {
            try
            {
                _reader.Open(path);
                _canvas.Begin(_reader);
                if (options.ShorterSide is { } side && Math.Min(_canvas.Width, _canvas.Height) > side)
                {
                    var random = default(SplitMix64);
                    new Resize(side).Apply(_canvas, ref random);
                }
                var pixels = new byte[_canvas.Width * _canvas.Height * options.Channels];
                _canvas.WriteTo(pixels);
                return new Packed(pixels, _canvas.Height, _canvas.Width, PackIndex.Checksum(pixels), null);
            }
            catch (ImageDecodingException failure) when (options.OnUnreadableImage == OnUnreadableImage.Skip)
            {
                return new Packed([], 0, 0, 0, failure);
            }
        }

        public void Dispose() => _reader.Dispose();
    }
}
