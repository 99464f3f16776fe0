using static ResNet.Training.Data.Imaging.Vips;

namespace ResNet.Training.Data.Imaging;

/// <summary>A libvips image: a recipe for pixels that are worked out when they are fetched.</summary>
internal readonly struct VipsImage(nint handle) : IDisposable
{
    public nint Handle => handle;

    public int Width => vips_image_get_width(handle);

    public int Height => vips_image_get_height(handle);

    public int Bands => vips_image_get_bands(handle);

    public BandFormat Format => vips_image_get_format(handle);

    public Interpretation Interpretation => vips_image_get_interpretation(handle);

    /// <summary>What the file says about the way to turn the image, 1 to 8; 1 if it says nothing.</summary>
    public int Orientation => vips_image_get_orientation(handle);

    public void Dispose() => g_object_unref(handle);
}
