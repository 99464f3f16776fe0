using System.Buffers;
using ResNet.Imaging.Resampling;

namespace ResNet.Imaging;

/// <summary>An image in memory with 8 bits a channel, which <see cref="ImageDecoder.Open"/> makes and crops are taken from.</summary>
/// <remarks>
/// Sizes are pixels, (0, 0) is the upper left corner, and every destination is interleaved: <c>[height, width, channels]</c>.
/// Resizing is antialiased bilinear, to the bit as in Pillow's <c>resize(..., BILINEAR)</c> and torchvision's transforms of
/// Pillow images. An image belongs to one thread at a time.
/// </remarks>
public sealed class DecodedImage : IPixelSource, IDisposable
{
    // 5.6 million RGB pixels. The pool never frees its arrays, and few images are larger.
    private const int MostPooled = 16 << 20;

    [ThreadStatic]
    private static Resampler? s_resampler;

    private byte[]? _pixels;

    internal DecodedImage(int width, int height, int channels)
    {
        Width = width;
        Height = height;
        Channels = channels;
        var length = checked(width * height * channels);
        _pixels = length <= MostPooled ? ArrayPool<byte>.Shared.Rent(length) : GC.AllocateUninitializedArray<byte>(length);
    }

    /// <summary>The image's own width in pixels.</summary>
    public int Width { get; }

    /// <summary>The image's own height in pixels.</summary>
    public int Height { get; }

    /// <summary>1 for grey, 3 for RGB.</summary>
    public int Channels { get; }

    /// <summary>Resizes a rectangle of the image, as training does with <c>RandomResizedCrop</c>.</summary>
    /// <param name="left">The rectangle's left edge.</param>
    /// <param name="top">The rectangle's upper edge.</param>
    /// <param name="width">The rectangle's width, at least 1.</param>
    /// <param name="height">The rectangle's height, at least 1.</param>
    /// <param name="targetWidth">The width of the result, at least 1.</param>
    /// <param name="targetHeight">The height of the result, at least 1.</param>
    /// <param name="flipHorizontally">Whether the result is mirrored, left to right.</param>
    /// <param name="destination">Receives <c>[targetHeight, targetWidth, Channels]</c>, and has exactly that length.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle is empty or reaches beyond the image, or a target is below 1.
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="ObjectDisposedException">The image was disposed of.</exception>
    public void CropResizeInto(
        int left, int top, int width, int height, int targetWidth, int targetHeight, bool flipHorizontally, Span<byte> destination)
    {
        CheckSpan(left, width, Width, nameof(left), nameof(width));
        CheckSpan(top, height, Height, nameof(top), nameof(height));
        CheckTarget(targetWidth, targetHeight, destination);

        Resampler.Resample(
            View, new(left, top, width, height), targetWidth, targetHeight, new(0, 0, targetWidth, targetHeight),
            ImageInterpolation.Bilinear, flipHorizontally, destination);
    }

    /// <summary>Frees the memory of the pixels.</summary>
    public void Dispose()
    {
        var returned = Interlocked.Exchange(ref _pixels, null);
        if (returned is { Length: <= MostPooled })
            ArrayPool<byte>.Shared.Return(returned);
    }

    private static Resampler Resampler => s_resampler ??= new Resampler();

    private PixelView View => new(Rows(0, Height), Width * Channels, Channels, new(0, 0, Width, Height));

    PixelView IPixelSource.Read(Area area) => View;

    internal Span<byte> Rows(int top, int count)
    {
        ObjectDisposedException.ThrowIf(_pixels is null, this);
        var stride = Width * Channels;
        return _pixels.AsSpan(top * stride, count * stride);
    }

    private static void CheckSpan(int start, int length, int limit, string startName, string lengthName)
    {
        if (length < 1 || length > limit)
        {
            throw new ArgumentOutOfRangeException(
                lengthName, length, $"The crop's {lengthName} has to be between 1 and the image's {limit}.");
        }
        if (start < 0 || start > limit - length)
        {
            throw new ArgumentOutOfRangeException(
                startName, start,
                $"The crop's {startName} has to be between 0 and {limit - length}, so that all of it is inside the image.");
        }
    }

    private void CheckTarget(int targetWidth, int targetHeight, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(targetWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(targetHeight, 1);
        var length = (long)targetHeight * targetWidth * Channels;
        if (destination.Length != length)
        {
            throw new ArgumentException(
                $"The destination has {destination.Length} bytes where {targetHeight} x {targetWidth} x {Channels} = {length} are needed.",
                nameof(destination));
        }
    }
}
