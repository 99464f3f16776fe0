using System.Runtime.ExceptionServices;
using System.Text;
using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data.Packs;

/// <summary>Makes one pack from one folder.</summary>
internal sealed class PackWriter(
    ImageFolder folder, PackOptions options, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
{
    // Enough to keep all threads busy, and few enough for memory.
    private const int ImagesAThread = 4;

    private readonly List<long> _offsets = [0];
    private readonly List<long> _labels = [];
    private readonly List<int> _sizes = [];
    private readonly List<long> _checksums = [];
    private readonly List<string> _names = [];
    private readonly List<ImageDecodingException> _skipped = [];

    public IReadOnlyList<ImageDecodingException> Write(string path)
    {
        if (folder.Count == 0) throw new DatasetException($"There are no images of '{folder.Root}' to pack.");
        if (folder.Samples.Sum(sample => Encoding.UTF8.GetByteCount(sample.PathBelow(folder.Root)) + 1L) > PackHeader.MaxNameBytes)
        {
            throw new DatasetException(
                $"'{folder.Root}' has {folder.Count:N0} images, whose names need more than the {PackHeader.MaxNameBytes:N0} bytes "
                + "that a pack has for them: pack parts of it.");
        }
        var header = new PackHeader
        {
            Classes = folder.Classes,
            Channels = options.Channels,
            ShorterSide = options.ShorterSide ?? 0,
            Source = Path.GetFullPath(folder.Root),
            Fingerprint = ImagePack.Fingerprint(folder),
        };
        AtomicFile.Write(path, file => Write(file, header));
        return _skipped;
    }

    private void Write(Stream file, PackHeader header)
    {
        var room = header.Room;
        file.Write(new byte[room]);
        WritePixels(file);
        RefuseLostClasses();

        var pixelBytes = PackHeader.Aligned(_offsets[^1]);
        file.Write(new byte[pixelBytes - _offsets[^1]]);
        var index = new PackIndex([.. _offsets], [.. _labels], [.. _sizes], [.. _checksums], PackIndex.JoinNames(_names));
        index.WriteTo(file);
        header = header with { PixelBytes = pixelBytes, Images = index.Count, NameBytes = index.Names.Length };
        file.Position = 0;
        file.Write((header with { Digest = header.DigestWith(index, room) }).ToBytes(room));
    }

    private void WritePixels(Stream file)
    {
        var images = new Packed[Math.Min(folder.Count, (long)options.Workers * ImagesAThread)];
        using var workers = new ThreadLocal<Worker>(() => new Worker(options), trackAllValues: true);
        try
        {
            for (var start = 0; start < folder.Count; start += images.Length)
            {
                var count = Math.Min(images.Length, folder.Count - start);
                Decode(start, images.AsMemory(0, count), workers);
                for (var i = 0; i < count; i++) Append(file, folder.Samples[start + i], images[i]);
                progress?.Report(new DatasetProgress($"Packing {folder.Root}", start + count, folder.Count));
            }
        }
        finally
        {
            foreach (var worker in workers.Values) worker.Dispose();
        }
    }

    private void Decode(int start, Memory<Packed> images, ThreadLocal<Worker> workers)
    {
        Workers.For(
            images.Length, options.Workers, i => images.Span[i] = workers.Value!.Decode(folder.Samples[start + i].Path), cancellationToken);
    }

    // A folder without images for a class is also refused.
    private void RefuseLostClasses()
    {
        var kept = _labels.ToHashSet();
        if (folder.Samples.FirstOrDefault(sample => !kept.Contains(sample.Label)) is not { Path: not null } first) return;
        var failure = _skipped.First(failure => failure.Path == first.Path);
        throw new DatasetException(
            $"None of the images of '{folder.Classes[first.Label]}' in '{folder.Root}' can be read. {failure.Message}", failure);
    }

    private void Append(Stream file, ImageSample sample, Packed image)
    {
        if (image.Failure is { } failure)
        {
            if (options.OnUnreadableImage == OnUnreadableImage.Fail) ExceptionDispatchInfo.Throw(failure);
            _skipped.Add(failure);
            return;
        }
        file.Write(image.Pixels);
        _offsets.Add(_offsets[^1] + image.Pixels.Length);
        _labels.Add(sample.Label);
        _sizes.AddRange(image.Height, image.Width);
        _checksums.Add(image.Checksum);
        _names.Add(sample.PathBelow(folder.Root));
    }

    /// <summary>An image, or the reason why it cannot be read.</summary>
    private readonly record struct Packed(byte[] Pixels, int Height, int Width, uint Checksum, ImageDecodingException? Failure);

    /// <summary>
    /// Decodes on one thread. Failures are reported in the order of the images, so the first one is always the same.
    /// </summary>
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
                    new Resize(side).ApplyTo(_canvas, ref random);
                }
                var pixels = GC.AllocateUninitializedArray<byte>(_canvas.Width * _canvas.Height * options.Channels);
                _canvas.WriteTo(pixels);
                return new Packed(pixels, _canvas.Height, _canvas.Width, PackIndex.Checksum(pixels), null);
            }
            catch (ImageDecodingException failure)
            {
                return new Packed([], 0, 0, 0, failure);
            }
        }

        public void Dispose() => _reader.Dispose();
    }
}
