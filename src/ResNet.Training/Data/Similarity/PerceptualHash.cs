namespace ResNet.Training.Data.Similarity;

/// <summary>
/// Hashes thumbnails to 64 bits, of which few differ where the images are similar: pHash, the signs of the 8 × 8 lowest frequencies of the
/// cosine transform (C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010).
/// </summary>
/// <remarks>
/// pHash compares each frequency with the median of the image's frequencies. Here it is compared with its own median over the data set, so
/// that each bit is set in half of the images, even if all of them have the same background.
/// </remarks>
internal sealed class PerceptualHash
{
    private const int Frequencies = 8;
    private const int Sampled = 10_000;

    private static readonly float[] s_cosines = MakeCosines();

    private readonly float[] _medians;

    /// <summary>Computes the medians of at least one thumbnail.</summary>
    internal PerceptualHash(IReadOnlyList<Thumbnail> images)
    {
        int count = Math.Min(images.Count, Sampled);
        float[][] values = [.. Enumerable.Range(0, count).Select(i => Transform(images[(int)((long)i * images.Count / count)]))];
        _medians = new float[Frequencies * Frequencies];
        float[] column = new float[count];
        for (int bit = 0; bit < _medians.Length; bit++)
        {
            for (int i = 0; i < count; i++) column[i] = values[i][bit];
            Array.Sort(column);
            _medians[bit] = column[count / 2];
        }
    }

    /// <summary>Hashes a thumbnail; the bit of the mean is always 0.</summary>
    internal ulong Of(Thumbnail image)
    {
        float[] values = Transform(image);
        ulong hash = 0;
        for (int bit = 0; bit < values.Length; bit++)
        {
            if (values[bit] > _medians[bit]) hash |= 1UL << bit;
        }
        return hash;
    }

    private static float[] Transform(Thumbnail image)
    {
        Span<float> lines = stackalloc float[Thumbnail.Side * Frequencies];
        for (int y = 0; y < Thumbnail.Side; y++)
        {
            var line = image.Pixels.Slice(y * Thumbnail.Side, Thumbnail.Side);
            for (int k = 0; k < Frequencies; k++)
            {
                float sum = 0;
                for (int x = 0; x < Thumbnail.Side; x++) sum += s_cosines[(k * Thumbnail.Side) + x] * line[x];
                lines[(y * Frequencies) + k] = sum;
            }
        }
        float[] values = new float[Frequencies * Frequencies];
        float scale = 1 / (float)image.Deviation;
        for (int i = 1; i < values.Length; i++)
        {
            var (row, column) = Math.DivRem(i, Frequencies);
            float sum = 0;
            for (int y = 0; y < Thumbnail.Side; y++) sum += s_cosines[(row * Thumbnail.Side) + y] * lines[(y * Frequencies) + column];
            values[i] = sum * scale;
        }
        return values;
    }

    private static float[] MakeCosines() =>
    [
        .. from k in Enumerable.Range(0, Frequencies)
           from x in Enumerable.Range(0, Thumbnail.Side)
           select (float)Math.Cos(Math.PI / Thumbnail.Side * (x + 0.5) * k),
    ];
}
