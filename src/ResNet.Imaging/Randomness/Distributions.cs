namespace ResNet.Imaging.Randomness;

/// <summary>Random numbers of distributions other than the uniform one.</summary>
internal static class Distributions
{
    /// <summary>Draws from the standard normal distribution (Box and Muller 1958, https://doi.org/10.1214/aoms/1177706645).</summary>
    internal static double NextNormal(ref this SplitMix64 random)
    {
        // The logarithm of 1 - u, since u may be 0.
        double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
        return radius * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    /// <summary>Draws from the beta distribution with two equal parameters, a number between 0 and 1.</summary>
    internal static double NextBeta(ref this SplitMix64 random, double alpha)
    {
        // Logarithms, because with a small parameter both gammas may underflow.
        double first = NextLogGamma(ref random, alpha), second = NextLogGamma(ref random, alpha);
        return 1 / (1 + Math.Exp(second - first));
    }

    /// <summary>
    /// Draws the logarithm of a number from the gamma distribution (Marsaglia and Tsang 2000, "A Simple Method for Generating Gamma
    /// Variables", https://doi.org/10.1145/358407.358414).
    /// </summary>
    internal static double NextLogGamma(ref this SplitMix64 random, double shape)
    {
        if (shape < 1) return NextLogGamma(ref random, shape + 1) + (Math.Log(1 - random.NextDouble()) / shape);
        double d = shape - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.NextNormal(), root = 1 + (c * x);
            double v = root * root * root;
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v))) return Math.Log(d * v);
        }
    }
}
