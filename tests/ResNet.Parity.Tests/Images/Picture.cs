using ResNet.Imaging;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>An image in memory.</summary>
internal sealed class Picture(int width, int height, int channels, byte[] pixels) : IPixelSource
{
    internal Picture(Tensor pixels)
        : this((int)pixels.size(1), (int)pixels.size(0), (int)pixels.size(2), pixels.bytes.ToArray())
    {
    }

    public int Width => width;

    public int Height => height;

    public int Channels => channels;

    internal byte[] Pixels => pixels;

    public PixelView Read(Area area) => new(pixels, width * channels, channels, new Area(0, 0, width, height));
}
