namespace ResNet.Training.Data.Similarity;

/// <summary>
/// Chooses the distance up to which thumbnails are taken for the same image: 0.05, and less where different images of a data set are
/// that similar by nature, such as X-rays, or photographs of clothes before a black background.
/// </summary>
/// <remarks>
/// Images that are similar by nature are points that fill a space of many dimensions: the number of neighbours grows by a high power
/// of the distance. A limit is therefore accepted if few images have neighbours within it, and half the distance has a fair part of
/// them; or if twice the distance has hardly more, and not a large part of all images, as with the frames of videos, or where all
/// images have a copy. Else the limit is halved, up to five times. Fewer than 30 images say too little about that.
/// </remarks>
internal static class SimilarityLimit
{
    internal const double Largest = 0.05;

    private const int Halvings = 5;
    private const int Sampled = 1000;
    private const double FewImages = 0.05;
    private const int GrowthOfFew = 6;
    private const int FewPairs = 10;
    private const int GrowthOfMany = 3;
    private const double LargePart = 0.25;
    private const int Minimum = 30;

    /// <summary>Compares a sample of the images with all of them.</summary>
    internal static double Choose(IReadOnlyList<Thumbnail> images, int workers, CancellationToken cancellationToken)
    {
        if (images.Count < Minimum) return Largest;
        int sampled = Math.Min(images.Count, Sampled);
        // The numbers of neighbours within 2 × Largest, Largest, half of it, and so on; and of images with neighbours.
        long[] pairs = new long[Halvings + 3], sharers = new long[Halvings + 3];
        Workers.For(sampled, workers, Count, cancellationToken);
        int level = 1;
        while (level <= Halvings && !IsAccepted(level)) level++;
        return LimitOf(level);

        bool IsAccepted(int level) =>
            (sharers[level] <= FewImages * sampled && pairs[level] <= (GrowthOfFew * pairs[level + 1]) + FewPairs)
            || pairs[level - 1] <= Math.Min(GrowthOfMany * pairs[level], LargePart * sampled * images.Count);

        void Count(int sample)
        {
            int index = (int)((long)sample * images.Count / sampled);
            int[] counts = new int[pairs.Length];
            for (int other = 0; other < images.Count; other++)
            {
                if (other == index) continue;
                double distance = images[index].DistanceTo(images[other]);
                for (int level = 0; level < counts.Length && distance <= LimitOf(level); level++) counts[level]++;
            }
            for (int level = 0; level < counts.Length; level++)
            {
                Interlocked.Add(ref pairs[level], counts[level]);
                Interlocked.Add(ref sharers[level], Math.Min(counts[level], 1));
            }
        }
    }

    private static double LimitOf(int level) => 2 * Largest / (1 << level);
}
