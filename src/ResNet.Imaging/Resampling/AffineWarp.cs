using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Resampling;

/// <summary>Pillow's <c>Image.transform(..., AFFINE)</c> to the same size, to the bit (<c>src/libImaging/Geometry.c</c>).</summary>
/// <param name="width">The image's width, before and after.</param>
/// <param name="height">The image's height, before and after.</param>
/// <param name="channels">1 (grey) or 3 (RGB), interleaved.</param>
/// <remarks>Unlike resizing, warping is not antialiased, and its cubic weights are those of Keys' a = -1.</remarks>
internal readonly struct AffineWarp(int width, int height, int channels)
{
    private const int FractionBits = 16;

    /// <summary>An interpolation between pixels.</summary>
    private interface IFilter
    {
        /// <summary>Computes all channels of a pixel.</summary>
        /// <param name="source">The image.</param>
        /// <param name="warp">The image's size.</param>
        /// <param name="x">The column, relative to the centre of the first pixel.</param>
        /// <param name="y">The row, relative to the centre of the first pixel.</param>
        /// <param name="pixel">Receives the values.</param>
        static abstract void Sample(ReadOnlySpan<byte> source, in AffineWarp warp, double x, double y, Span<byte> pixel);
    }

    private int Stride => width * channels;

    /// <summary>Warps the image.</summary>
    /// <param name="source">The image.</param>
    /// <param name="target">Receives the result, of the same length.</param>
    /// <param name="matrix">The source of each pixel.</param>
    /// <param name="interpolation">The interpolation between pixels.</param>
    /// <param name="fill">The value of all channels for pixels that come from beyond the image.</param>
    public void Apply(ReadOnlySpan<byte> source, Span<byte> target, AffineMatrix matrix, ImageInterpolation interpolation, byte fill)
    {
        target.Fill(fill);
        // For whole pixels, all interpolations give the same result.
        switch (matrix.IsTranslation ? ImageInterpolation.Nearest : interpolation)
        {
            case ImageInterpolation.Nearest:
                Nearest(source, target, matrix);
                break;
            case ImageInterpolation.Bilinear:
                Filter<Bilinear>(source, target, matrix);
                break;
            default:
                Filter<Bicubic>(source, target, matrix);
                break;
        }
    }

    // 16.16 fixed point, as in Pillow, but in 64 bits, so that large images do not overflow.
    private void Nearest(ReadOnlySpan<byte> source, Span<byte> target, AffineMatrix matrix)
    {
        long acrossX = Fixed(matrix.XX), acrossY = Fixed(matrix.YX), downX = Fixed(matrix.XY), downY = Fixed(matrix.YY);
        long startX = Fixed(matrix.X0 + (matrix.XX * 0.5) + (matrix.XY * 0.5));
        long startY = Fixed(matrix.Y0 + (matrix.YX * 0.5) + (matrix.YY * 0.5));
        int place = 0;
        for (int row = 0; row < height; row++, startX += downX, startY += downY)
        {
            long x = startX, y = startY;
            for (int column = 0; column < width; column++, x += acrossX, y += acrossY, place += channels)
            {
                long left = x >> FractionBits, top = y >> FractionBits;
                if ((ulong)left >= (ulong)width || (ulong)top >= (ulong)height) continue;
                int from = (((int)top * width) + (int)left) * channels;
                target[place] = source[from];
                if (channels == 1) continue;
                target[place + 1] = source[from + 1];
                target[place + 2] = source[from + 2];
            }
        }
    }

    private void Filter<T>(ReadOnlySpan<byte> source, Span<byte> target, AffineMatrix matrix)
        where T : IFilter
    {
        int place = 0;
        for (int row = 0; row < height; row++)
        {
            double down = row + 0.5;
            for (int column = 0; column < width; column++, place += channels)
            {
                double across = column + 0.5;
                double x = (matrix.XX * across) + (matrix.XY * down) + matrix.X0;
                double y = (matrix.YX * across) + (matrix.YY * down) + matrix.Y0;
                if (x < 0 || x >= width || y < 0 || y >= height) continue;
                T.Sample(source, this, x - 0.5, y - 0.5, target.Slice(place, channels));
            }
        }
    }

    private static long Fixed(double value) => (long)Math.Floor((value * (1 << FractionBits)) + 0.5);

    private ReadOnlySpan<byte> Row(ReadOnlySpan<byte> source, int y) => source.Slice(Math.Clamp(y, 0, height - 1) * Stride, Stride);

    private int Column(int x) => Math.Clamp(x, 0, width - 1) * channels;

    private readonly struct Bilinear : IFilter
    {
        public static void Sample(ReadOnlySpan<byte> source, in AffineWarp warp, double x, double y, Span<byte> pixel)
        {
            int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
            double dx = x - left, dy = y - top;
            ReadOnlySpan<byte> upper = warp.Row(source, top), lower = warp.Row(source, top + 1);
            int first = warp.Column(left), second = warp.Column(left + 1);
            // The load also reads the first byte of the next pixel.
            if (Avx2.IsSupported && pixel.Length == 3 && second + 4 <= upper.Length)
            {
                var above = Between(Load(upper[first..]), Load(upper[second..]), dx);
                var below = Between(Load(lower[first..]), Load(lower[second..]), dx);
                Store(Between(above, below, dy), pixel);
                return;
            }
            for (int channel = 0; channel < pixel.Length; channel++, first++, second++)
                pixel[channel] = (byte)Between(Between(upper[first], upper[second], dx), Between(lower[first], lower[second], dx), dy);
        }

        private static double Between(double a, double b, double distance) => a + ((b - a) * distance);

        private static Vector256<double> Between(Vector256<double> a, Vector256<double> b, double distance) => a + ((b - a) * distance);

        private static Vector256<double> Load(ReadOnlySpan<byte> pixel) => Avx.ConvertToVector256Double(
            Sse41.ConvertToVector128Int32(Vector128.CreateScalarUnsafe(BinaryPrimitives.ReadUInt32LittleEndian(pixel)).AsByte()));

        private static void Store(Vector256<double> values, Span<byte> pixel)
        {
            var levels = Avx.ConvertToVector128Int32WithTruncation(values);
            (pixel[0], pixel[1], pixel[2]) = ((byte)levels[0], (byte)levels[1], (byte)levels[2]);
        }
    }

    private readonly struct Bicubic : IFilter
    {
        public static void Sample(ReadOnlySpan<byte> source, in AffineWarp warp, double x, double y, Span<byte> pixel)
        {
            int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
            double dx = x - left, dy = y - top;
            for (int channel = 0; channel < pixel.Length; channel++)
            {
                double value = Between(
                    Across(warp, warp.Row(source, top - 1), left, channel, dx),
                    Across(warp, warp.Row(source, top), left, channel, dx),
                    Across(warp, warp.Row(source, top + 1), left, channel, dx),
                    Across(warp, warp.Row(source, top + 2), left, channel, dx),
                    dy);
                pixel[channel] = (byte)Math.Clamp(value, 0, 255);
            }
        }

        private static double Across(in AffineWarp warp, ReadOnlySpan<byte> row, int left, int channel, double dx) => Between(
            row[warp.Column(left - 1) + channel], row[warp.Column(left) + channel],
            row[warp.Column(left + 1) + channel], row[warp.Column(left + 2) + channel], dx);

        private static double Between(double a, double b, double c, double d, double distance)
        {
            double linear = -a + c, square = (2 * (a - b)) + c - d, cube = -a + b - c + d;
            return b + (distance * (linear + (distance * (square + (distance * cube)))));
        }
    }
}
