namespace ResNet.Training.Loading;

/// <summary>The images of an epoch that one of several processes takes.</summary>
/// <param name="Rank">The number of the process, from 0.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="DividesBatches">
/// Whether each batch is divided, as in training, where all of them are whole; otherwise every so many images are one process's.
/// </param>
internal sealed record LoaderShare(int Rank, int Processes, bool DividesBatches)
{
    /// <summary>All images, of one process.</summary>
    internal static LoaderShare Whole { get; } = new(0, 1, DividesBatches: true);

    /// <summary>Whether other processes have images, too.</summary>
    internal bool IsPart => Processes > 1;

    /// <summary>The number of images of a batch of this process.</summary>
    internal int OfBatch(int batchSize) => Math.Max(1, batchSize / Processes);

    /// <summary>The number of images of an epoch of this process.</summary>
    internal int OfEpoch(int images) => DividesBatches ? images / Processes : (images - Rank + Processes - 1) / Processes;

    /// <summary>The number of batches of an epoch; the last ones of some processes may be missing where images are divided.</summary>
    internal int Batches(int images, int batchSize)
    {
        if (DividesBatches) return (images + batchSize - 1) / batchSize;
        int most = (images + Processes - 1) / Processes, ofBatch = OfBatch(batchSize);
        return (most + ofBatch - 1) / ofBatch;
    }

    /// <summary>The position in the epoch of an image of this process.</summary>
    internal int PositionOf(int place, int batchSize)
    {
        if (!IsPart) return place;
        if (!DividesBatches) return (place * Processes) + Rank;
        int ofBatch = OfBatch(batchSize);
        return (place / ofBatch * batchSize) + (Rank * ofBatch) + (place % ofBatch);
    }
}
