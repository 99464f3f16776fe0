namespace ResNet.Inference.Kernels;

/// <summary>
/// Groups of a convolution are merged, with weights of zero between them, until their outputs fill whole vectors: a ResNeXt's groups of
/// four channels give products of sixteen.
/// </summary>
internal static class Grouping
{
    /// <summary>The most groups that are merged, since the weights are so many times as large.</summary>
    internal const int MaximumMerged = 64;

    /// <summary>The number of groups that are merged; all, if no smaller number gives whole vectors.</summary>
    /// <param name="groups">The number of groups.</param>
    /// <param name="width">The output channels of a group.</param>
    internal static int Merged(int groups, int width)
    {
        int merged = 1;
        while (merged < groups && (merged * width % KernelSet.Alignment != 0 || groups % merged != 0)) merged++;
        return merged;
    }
}
