using System.Runtime.Intrinsics;

namespace ResNet.Imaging.Resampling;

/// <summary>Mirrors lines of pixels, left to right.</summary>
internal static unsafe class Mirroring
{
    /// <summary>Writes a mirrored line; source and target do not overlap.</summary>
    public static void Mirror(byte* from, byte* to, int width, int channels)
    {
        var done = channels == 3 ? MirrorRgb(from, to, width) : MirrorGrey(from, to, width);
        for (; done < width; done++)
            for (var channel = 0; channel < channels; channel++)
                to[(done * channels) + channel] = from[((width - 1 - done) * channels) + channel];
    }

    private static int MirrorGrey(byte* from, byte* to, int width)
    {
        var done = 0;
        for (; done <= width - 16; done += 16)
        {
            var pixels = Vector128.Load(from + width - 16 - done);
            Vector128.Shuffle(pixels, Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)).Store(to + done);
        }
        return done;
    }

    // Five pixels at a time. A load also reads a byte of the previous pixel, and a store overwrites one of the next.
    private static int MirrorRgb(byte* from, byte* to, int width)
    {
        var done = 0;
        for (; done <= width - 6; done += 5)
        {
            var pixels = Vector128.Load(from + ((width - 5 - done) * 3) - 1);
            Vector128.Shuffle(pixels, Vector128.Create((byte)13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0)).Store(to + (done * 3));
        }
        return done;
    }
}
