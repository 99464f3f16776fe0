namespace ResNet.Imaging.Resampling;

/// <summary>The two inner loops of <see cref="Resampler"/>; all implementations give the same bits.</summary>
internal unsafe interface IResamplingKernels
{
    /// <summary>The number of bytes that <see cref="ResampleLine"/> may write beyond a line.</summary>
    const int Slack = 32;

    /// <summary>The number of bytes that <see cref="ResampleLine"/> reads of a source line; more than the filter needs.</summary>
    int LineReach { get; }

    /// <summary>Sets the filter for lines, which must not change between calls of <see cref="ResampleLine"/>.</summary>
    /// <param name="filter">The same object in every call; its version says whether it has changed.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    void UseForLines(ResamplingFilter filter, int channels);

    /// <summary>Sets the filter for columns, which must not change between calls of <see cref="BlendLines"/>.</summary>
    /// <inheritdoc cref="UseForLines" path="/param"/>
    void UseForColumns(ResamplingFilter filter);

    /// <summary>Resizes one line.</summary>
    /// <param name="source">The first pixel of the filter, followed by <see cref="LineReach"/> readable bytes.</param>
    /// <param name="target">Receives the filter's window; <see cref="Slack"/> bytes after it may be overwritten.</param>
    void ResampleLine(byte* source, byte* target);

    /// <summary>Computes a line of a resized image from its source lines.</summary>
    /// <param name="y">The index of the line in the filter's window.</param>
    /// <param name="lines">The source lines, one for each tap of the filter, and an unused one where that number is odd.</param>
    /// <param name="target">Receives <paramref name="length"/> bytes.</param>
    /// <param name="length">The bytes of a line.</param>
    void BlendLines(int y, byte** lines, byte* target, int length);
}
