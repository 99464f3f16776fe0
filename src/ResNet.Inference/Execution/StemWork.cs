using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>
/// The first convolution and the max pooling after it, in strips of rows: the largest map of a network is never written to memory, but
/// pooled while it is in the second-level cache.
/// </summary>
/// <param name="kernels">The kernels.</param>
/// <param name="convolution">The convolution, of images that have rows of zeros around them.</param>
/// <param name="pool">The pooling of the convolution's output.</param>
/// <param name="output">The pooled map.</param>
/// <param name="threads">The most threads that compute together.</param>
/// <param name="scratch">At least <see cref="Scratch"/> floats.</param>
internal sealed unsafe class StemWork(
    KernelSet kernels, in Convolution<float, Epilogue> convolution, in Geometry pool, nint output, int threads, nint scratch)
    : Work(pool.Images * PartsOfImage(pool, threads), threads)
{
    // A strip has about as many.
    private const int CachedFloats = 64 * 1024;
    private const int PartsOfThread = 2;

    private readonly Convolution<float, Epilogue> _convolution = convolution;
    private readonly Geometry _pool = pool with { Images = 1 };
    private readonly int _parts = PartsOfImage(pool, threads);
    private readonly int _rowsOfStrip = RowsOfStrip(pool);
    private readonly long _scratchOfThread = ScratchOfThread(pool);

    /// <summary>The floats of memory that it needs while it is computed.</summary>
    internal static long Scratch(in Geometry pool, int threads) => ScratchOfThread(pool) * threads;

    private protected override void Compute(int part, int thread)
    {
        var (image, place) = Math.DivRem(part, _parts);
        int begin = (int)((long)_pool.OutputHeight * place / _parts), end = (int)((long)_pool.OutputHeight * (place + 1) / _parts);
        long row = RowLength(_pool);
        float* strip = (float*)scratch + (thread * _scratchOfThread);
        float* pooled = (float*)output + ((long)image * _pool.OutputHeight * _pool.OutputWidth * _pool.OutputPitch);
        int first = 0, done = 0;
        for (int y = begin; y < end; y += _rowsOfStrip)
        {
            int last = Math.Min(y + _rowsOfStrip, end);
            // The rows that this strip pools; the first ones may be the last ones of the strip before.
            int from = Math.Max((y * _pool.Stride) - _pool.Padding, 0);
            int to = Math.Min(((last - 1) * _pool.Stride) - _pool.Padding + _pool.KernelHeight, _pool.Height);
            int there = y == begin ? 0 : Math.Max(done - from, 0);
            if (there > 0)
            {
                long bytes = there * row * sizeof(float);
                Buffer.MemoryCopy(strip + ((from - first) * row), strip, bytes, bytes);
            }
            Convolve(image, from + there, to, strip + (there * row));
            // As if the strip were a part of the whole map.
            kernels.MaxPool(_pool, strip - (from * row), pooled, y..last);
            (first, done) = (from, to);
        }
    }

    // Computes some rows of an image.
    private void Convolve(int image, int from, int to, float* target)
    {
        var g = _convolution.Geometry;
        long top = ((long)image * g.Height) + (from * g.Stride);
        var rows = _convolution with
        {
            Geometry = g with { Images = 1, Height = ((to - from - 1) * g.Stride) + g.KernelHeight, OutputHeight = to - from },
            Input = (nint)((float*)_convolution.Input + (top * g.Width * g.Pitch)),
            Output = (nint)target,
        };
        kernels.Convolve(rows, 0..new Tiling(rows.Geometry.Pixels).Count, 0..rows.Panels.Length);
    }

    // Each part computes the rows at its beginning again that the part before it has computed.
    private static int PartsOfImage(in Geometry pool, int threads) =>
        threads == 1 ? 1 : Math.Clamp(Division.Ratio(PartsOfThread * threads, pool.Images), 1, pool.OutputHeight);

    private static long RowLength(in Geometry pool) => (long)pool.Width * pool.Pitch;

    private static int RowsOfStrip(in Geometry pool) =>
        (int)Math.Clamp(CachedFloats / (pool.Stride * RowLength(pool)), 1, pool.OutputHeight);

    private static long ScratchOfThread(in Geometry pool) =>
        (((RowsOfStrip(pool) - 1) * pool.Stride) + pool.KernelHeight) * RowLength(pool);
}
