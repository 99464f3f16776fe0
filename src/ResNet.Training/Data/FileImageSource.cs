using ResNet.Imaging;

namespace ResNet.Training.Data;

/// <summary>Images in one file each, wherever the files are.</summary>
public sealed class FileImageSource : IImageSource
{
    private readonly IReadOnlyList<ImageSample> _samples;

    /// <summary>Makes a source of these files.</summary>
    /// <param name="samples">The files and their labels.</param>
    public FileImageSource(IReadOnlyList<ImageSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        _samples = samples;
    }

    /// <inheritdoc/>
    public int Count => _samples.Count;

    /// <inheritdoc/>
    public int Label(int index) => _samples[index].Label;

    /// <inheritdoc/>
    public string Name(int index) => _samples[index].Path;

    /// <inheritdoc/>
    public IImageReader OpenReader(int channels) => new Reader(_samples, channels);

    private sealed class Reader(IReadOnlyList<ImageSample> samples, int channels) : IImageReader
    {
        private readonly ImageReader _reader = new(channels);

        public IPixelSource Open(int index)
        {
            _reader.Open(samples[index].Path);
            return _reader;
        }

        public void Dispose() => _reader.Dispose();
    }
}
