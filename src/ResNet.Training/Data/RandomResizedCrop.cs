namespace ResNet.Training.Data;

/// <summary>Draws the rectangle of torchvision's RandomResizedCrop with its default scale and ratio (Szegedy et al. 2014).</summary>
internal static class RandomResizedCrop
{
    private const double MinimumScale = 0.08;
    private const double MaximumScale = 1.0;
    private const double MinimumRatio = 3.0 / 4.0;
    private const double MaximumRatio = 4.0 / 3.0;
    private const int Attempts = 10;

    internal static (int Left, int Top, int Width, int Height) Draw(int width, int height, ref SplitMix64 random)
    {
        for (int i = 0; i < Attempts; i++)
        {
            double area = (double)width * height * random.NextDouble(MinimumScale, MaximumScale);
            double ratio = Math.Exp(random.NextDouble(Math.Log(MinimumRatio), Math.Log(MaximumRatio)));
            int w = (int)Math.Round(Math.Sqrt(area * ratio));
            int h = (int)Math.Round(Math.Sqrt(area / ratio));
            if (w < 1 || h < 1 || w > width || h > height) continue;
            int top = random.NextInt(height - h + 1);
            return (random.NextInt(width - w + 1), top, w, h);
        }
        return LargestCentral(width, height);
    }

    // No draw fitted, which is so for very long images: the largest central part of an allowed ratio.
    private static (int Left, int Top, int Width, int Height) LargestCentral(int width, int height)
    {
        double ratio = (double)width / height;
        int w = ratio > MaximumRatio ? (int)Math.Round(height * MaximumRatio) : width;
        int h = ratio < MinimumRatio ? (int)Math.Round(width / MinimumRatio) : height;
        return ((width - w) / 2, (height - h) / 2, w, h);
    }
}
