namespace ResNet.Imaging.Decoding;

/// <summary>
/// Rotates an image upright, by its orientation in TIFF or Exif: 1 upright, 2 mirrored, 3 rotated by 180 degrees, 4 flipped
/// vertically, 5 to 8 with height and width exchanged.
/// </summary>
/// <remarks>libvips 8.14 can rotate a TIFF image while it reads the file, but then fails on images of more than a few lines.</remarks>
internal static class Orientation
{
    /// <summary>Returns the image itself if it is upright; otherwise disposes of it and returns a rotated copy.</summary>
    public static DecodedImage Turn(DecodedImage image, int orientation)
    {
        if (orientation is < 2 or > 8)
            return image;
        using (image)
        {
            var (width, height) = (image.Width, image.Height);
            // The index in the image of the result's upper left pixel, and the steps to its neighbours on the right and below.
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
            var turned = orientation < 5
                ? new DecodedImage(width, height, image.Channels)
                : new DecodedImage(height, width, image.Channels);
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
