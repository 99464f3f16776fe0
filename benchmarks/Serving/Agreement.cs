namespace Benchmarks.Serving;

/// <summary>Compares the answers of both services to the same photographs.</summary>
internal static class Agreement
{
    private const double FewestEqual = 0.9;

    // The decoders resize differently. Mistakes of a service, such as another part of the picture or colours in another order, make
    // differences of 0.35 or more, and many other classes.
    private const double MostDifference = 0.15;

    /// <summary>Throws if a service gives many photographs not their own class, or other probabilities than the other service.</summary>
    /// <exception cref="InvalidOperationException">The services differ.</exception>
    public static void Check(ServiceProcess ours, ServiceProcess theirs, ServiceFiles files)
    {
        int equal = 0;
        var differences = new List<double>();
        foreach (string path in files.Pictures)
        {
            byte[] picture = File.ReadAllBytes(path);
            var (our, their) = (ours.Classify(picture), theirs.Classify(picture));
            // The first picture is of class 0, the next one of class 1.
            string own = $"{differences.Count}";
            if (our.Class == own && their.Class == own) equal++;
            differences.Add(Math.Abs(our.Probability - their.Probability));
        }
        double difference = Spread.Of(differences).Median;
        string found = $"Both services recognise {equal} of {differences.Count} photographs, with probabilities that differ by "
            + $"{difference:0.000} in the median.";
        Console.WriteLine(found);
        if (equal < FewestEqual * differences.Count || difference > MostDifference)
            throw new InvalidOperationException($"{found} They do not compute the same.");
    }
}
