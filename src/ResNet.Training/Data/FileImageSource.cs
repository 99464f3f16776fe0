using ResNet.Imaging;

namespace ResNet.Training.Data;

/// <summary>Images in one file each.</summary>
internal sealed class FileImageSource(IReadOnlyList<ImageSample> samples) : IImageSource
{
    public int Count => samples.Count;

    public int Label(int index) => samples[index].Label;

    public string Name(int index) => samples[index].Path;

    public IImageReader OpenReader(int channels) => new Reader(samples, channels);

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
