namespace ResNet.Imaging.Resampling;

/// <summary>The two inner loops of <see cref="Resampler"/>; all implementations give the same bits.</summary>
internal unsafe interface IResamplingKernels
{
    /// <summary>Bytes beyond a line that <see cref="ResampleLine"/> may write.</summary>
    const int Slack = 32;

    /// <summary>How many bytes of a source line <see cref="ResampleLine"/> reads; more than the filter has pixels.</summary>
    int LineReach { get; }

    /// <summary>Takes the filter for lines. The caller keeps it as it is while it calls <see cref="ResampleLine"/>.</summary>
    /// <param name="filter">The same object at every call, though maybe made anew.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    void UseForLines(ResamplingFilter filter, int channels);

    /// <summary>Takes the filter for columns. The caller keeps it as it is while it calls <see cref="BlendLines"/>.</summary>
    /// <inheritdoc cref="UseForLines" path="/param"/>
    void UseForColumns(ResamplingFilter filter);

    /// <summary>Resizes one line.</summary>
    /// <param name="source">The pixel that the filter starts with; <see cref="LineReach"/> bytes are there.</param>
    /// <param name="target">Receives the filter's window, and may be overwritten for <see cref="Slack"/> bytes more.</param>
    void ResampleLine(byte* source, byte* target);

    /// <summary>Makes one line of a resized image from the lines that it depends on.</summary>
    /// <param name="y">Which line of the filter's window.</param>
    /// <param name="lines">The source lines, an even number: one for each of the filter's taps, and if those are odd one more that does not count.</param>
    /// <param name="target">Receives <paramref name="length"/> bytes.</param>
    /// <param name="length">The bytes of a line.</param>
    void BlendLines(int y, byte** lines, byte* target, int length);
}
