
namespace ResNet.Imaging.Resampling;

/// <summary>
/// The source pixels and weights of each pixel in a window of a resized line, to the bit as in Pillow
/// (<c>src/libImaging/Resample.c</c>). The kernel widens with the reduction; the weights are computed in double precision, add
/// up to 1 and are then rounded to 22 binary places.
/// </summary>
/// <remarks>The filter is kept for the next request, because images of one data set often have one size.</remarks>
internal sealed class ResamplingFilter
{
    /// <summary>The number of binary places of a weight.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    /// <summary>One half, which rounds a sum of weighted pixels.</summary>
    public const int Half = 1 << (PrecisionBits - 1);

    private Request _made;
    private double[] _scratch = [];

    private readonly record struct Request(int Length, int Scaled, int Start, int Count, ImageInterpolation Interpolation, bool Mirrored);

    /// <summary>The first source pixel of each pixel of the window, relative to <see cref="Start"/>.</summary>
    public int[] First { get; private set; } = [];

    /// <summary>The weights, <see cref="Taps"/> for each pixel of the window, 0 beyond its last source pixel.</summary>
    public int[] Weights { get; private set; } = [];

    /// <summary>The largest number of source pixels of a pixel of the window.</summary>
    public int Taps { get; private set; }

    /// <summary>The number of times that the filter has changed.</summary>
    public int Version { get; private set; }

    /// <summary>The length of the window in pixels.</summary>
    public int Count => _made.Count;

    /// <summary>The first source pixel of the window.</summary>
    public int Start { get; private set; }

    /// <summary>The number of source pixels of the window, from <see cref="Start"/> on.</summary>
    public int Reach { get; private set; }

    /// <summary>Computes the source pixels of a window of a resized line; those of the window itself where the length stays.</summary>
    /// <returns>The first source pixel, and the one after the last.</returns>
    public static (int Start, int End) Needed(int length, int scaled, int start, int count, ImageInterpolation interpolation)
    {
        var kernel = new Kernel(length, scaled, interpolation);
        return length == scaled ? (start, start + count) : (kernel.Reach(start).Start, kernel.Reach(start + count - 1).End);
    }

    /// <summary>Makes the filter for a window of a line.</summary>
    /// <param name="length">The length of the line.</param>
    /// <param name="scaled">The length of the resized line, which differs.</param>
    /// <param name="start">The start of the window in the resized line.</param>
    /// <param name="count">The length of the window.</param>
    /// <param name="interpolation">Bilinear or bicubic.</param>
    /// <param name="mirrored">Whether the window's pixels come in reverse order.</param>
    public void Make(int length, int scaled, int start, int count, ImageInterpolation interpolation, bool mirrored)
    {
        var request = new Request(length, scaled, start, count, interpolation, mirrored);
        if (request == _made)
            return;

        // If memory runs out halfway, the arrays belong to no request.
        _made = default;
        var kernel = new Kernel(length, scaled, interpolation);
        (Start, var end) = Needed(length, scaled, start, count, interpolation);
        Reach = end - Start;
        Allocate(kernel, start, count);
        for (var i = 0; i < count; i++)
        {
            var position = mirrored ? start + count - 1 - i : start + i;
            var reach = kernel.Reach(position);
            First[i] = reach.Start - Start;
            Weigh(kernel, position, reach.Start, _scratch.AsSpan(0, reach.End - reach.Start), Weights.AsSpan(i * Taps, Taps));
        }
        _made = request;
        Version++;
    }

    private void Allocate(Kernel kernel, int start, int count)
    {
        Taps = 0;
        for (var position = start; position < start + count; position++)
        {
            var reach = kernel.Reach(position);
            Taps = Math.Max(Taps, reach.End - reach.Start);
        }
        if (First.Length < count)
            First = new int[count];
        if (Weights.Length < (long)count * Taps)
            Weights = new int[checked(count * Taps)];
        if (_scratch.Length < Taps)
            _scratch = new double[Taps];
    }

    // The operations are in Pillow's order, because another order rounds differently.
    private static void Weigh(Kernel kernel, int position, int first, Span<double> exact, Span<int> weights)
    {
        var centre = kernel.Centre(position);
        var total = 0.0;
        for (var tap = 0; tap < exact.Length; tap++)
        {
            exact[tap] = kernel.At((tap + first - centre + 0.5) * kernel.PerStretch);
            total += exact[tap];
        }
        for (var tap = 0; tap < exact.Length; tap++)
        {
            var weight = (total != 0.0 ? exact[tap] / total : exact[tap]) * (1 << PrecisionBits);
            weights[tap] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
        }
        weights[exact.Length..].Clear();
    }

    private readonly struct Kernel
    {
        private readonly int _length;
        private readonly double _scale;
        private readonly double _support;
        private readonly bool _cubic;

        public Kernel(int length, int scaled, ImageInterpolation interpolation)
        {
            _cubic = interpolation switch
            {
                ImageInterpolation.Bilinear => false,
                ImageInterpolation.Bicubic => true,
                _ => throw new ArgumentOutOfRangeException(
                    nameof(interpolation), interpolation, "Images are resampled bilinearly or bicubically."),
            };
            _length = length;
            _scale = (double)length / scaled;
            var stretch = Math.Max(_scale, 1.0);
            _support = (_cubic ? 2.0 : 1.0) * stretch;
            PerStretch = 1.0 / stretch;
        }

        public double PerStretch { get; }

        public double Centre(int position) => (position + 0.5) * _scale;

        public (int Start, int End) Reach(int position)
        {
            var centre = Centre(position);
            return (Math.Max(0, (int)(centre - _support + 0.5)), Math.Min(_length, (int)(centre + _support + 0.5)));
        }

        public double At(double distance)
        {
            const double a = -0.5;
            var x = Math.Abs(distance);
            if (!_cubic)
                return x < 1.0 ? 1.0 - x : 0.0;
            if (x < 1.0)
                return ((((a + 2.0) * x) - (a + 3.0)) * x * x) + 1;
            return x < 2.0 ? ((((x - 5) * x) + 8) * x - 4) * a : 0.0;
        }
    }
}
