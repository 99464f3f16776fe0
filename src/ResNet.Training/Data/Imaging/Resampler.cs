#pragma warning disable IDE0060, CA1822
using ResNet.Core.Weights;

namespace ResNet.Training.Data.Imaging;

internal sealed class Resampler
{
    public void Resample(PixelView source, Area crop, int scaledWidth, int scaledHeight, Area window, ImageInterpolation interpolation, bool flip, Span<byte> destination)
    {
        BilinearResampler.Resample(source.Row(0, 0, source.Area.Width * source.Area.Height), source.Area.Width, source.Channels,
            new(crop.Left, crop.Top, crop.Width, crop.Height), scaledWidth, scaledHeight, new(window.Left, window.Top, window.Width, window.Height), destination);
        if (flip) DecodedImage.Flip(destination, window.Width, source.Channels);
    }

    public static Area Needed(Area crop, int scaledWidth, int scaledHeight, Area window, ImageInterpolation interpolation) => crop;
}
