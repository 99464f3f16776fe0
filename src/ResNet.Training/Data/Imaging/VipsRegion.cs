using static ResNet.Training.Data.Imaging.Vips;

namespace ResNet.Training.Data.Imaging;

/// <summary>
/// Fetches pixels of an image, working them out on the calling thread: writing the image to memory, libvips' usual way,
/// would hand every one to a thread of its own, which costs more than decoding a small picture.
/// </summary>
internal readonly unsafe ref struct VipsRegion : IDisposable
{
    private readonly nint _handle;

    public VipsRegion(VipsImage image) => _handle = vips_region_new(image.Handle);

    /// <summary>Fetches a rectangle, its rows without gaps.</summary>
    /// <exception cref="VipsException">The pixels cannot be worked out, because the file is damaged for example.</exception>
    public Strip Fetch(int left, int top, int width, int height)
    {
        var pixels = vips_region_fetch(_handle, left, top, width, height, out var length);
        return pixels != null ? new Strip(pixels, checked((int)length)) : throw new VipsException();
    }

    public void Dispose() => g_object_unref(_handle);

    internal readonly ref struct Strip(byte* pixels, int length) : IDisposable
    {
        private readonly byte* _pixels = pixels;

        public Span<byte> Pixels => new(_pixels, length);

        public void Dispose() => g_free((nint)_pixels);
    }
}
