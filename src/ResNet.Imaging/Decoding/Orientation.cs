namespace ResNet.Imaging.Decoding;

/// <summary>
/// Turns an image the way that its orientation says, numbered as in TIFF and Exif: 1 as it is, 2 mirrored, 3 turned by 180
/// degrees, 4 upside down, 5 to 8 lying on its side.
/// </summary>
/// <remarks>libvips 8.14 can turn a TIFF image while it reads it, but then fails with those of more than a few lines.</remarks>
internal static class Orientation
{
    /// <summary>Returns the image itself if it need not be turned; disposes of it otherwise.</summary>
    public static DecodedImage Turn(DecodedImage image, int orientation)
    {
        if (orientation is < 2 or > 8)
            return image;
        using (image)
        {
            var (width, height) = (image.Width, image.Height);
            // Where in the image the result's upper left pixel is, and how far the next one to the right and the next one down are.
            var (start, right, down) = orientation switch
            {
                2 => (width - 1, -1, width),
                3 => ((width * height) - 1, -1, -width),
                4 => (width * (height - 1), 1, -width),
                5 => (0, width, 1),
                6 => (width * (height - 1), -width, 1),
                7 => ((width * height) - 1, -width, -1),
                _ => (width - 1, width, -1),
            };
            var turned = orientation < 5 ? new DecodedImage(width, height, image.Channels) : new DecodedImage(height, width, image.Channels);
            Copy(image, turned, start, right, down);
            return turned;
        }
    }

    private static void Copy(DecodedImage image, DecodedImage turned, int start, int right, int down)
    {
        var channels = image.Channels;
        var source = image.Rows(0, image.Height);
        for (var y = 0; y < turned.Height; y++)
        {
            var line = turned.Rows(y, 1);
            for (int to = 0, from = start + (y * down); to < line.Length; to += channels, from += right)
                source.Slice(from * channels, channels).CopyTo(line[to..]);
        }
    }
}
