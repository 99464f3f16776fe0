namespace ResNet.Inference;

/// <summary>How a network is computed.</summary>
public sealed record InferenceOptions
{
    private const int MaximumThreads = 1024;

    /// <summary>
    /// The most threads that compute a call together, 1 to 1024. A call that comes while another one uses them computes on its own
    /// thread. Results are the same for any number. Default: the number of processors.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public int Threads { get; init => field = Require.Between(this, value, 1, MaximumThreads); } =
        Math.Clamp(Environment.ProcessorCount, 1, MaximumThreads);

    /// <summary>The vectors to compute with. Default: null, the widest that the processor has.</summary>
    /// <exception cref="InvalidOptionException">The processor does not have them.</exception>
    public VectorWidth? Vectors
    {
        get;
        init => field = Require.That(
            this, value, value is null || (Enum.IsDefined(value.Value) && value <= InferenceModel.Hardware),
            $"None to {InferenceModel.Hardware}, the widest vectors of this processor");
    }

    /// <summary>
    /// The largest tile of Winograd's algorithm for 3×3 convolutions: 4 (fast; about 10⁻⁵ relative error), 2, or 0 to compute products only
    /// (about 10⁻⁶). Default: 4.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is another number.</exception>
    public int WinogradTile { get; init => field = Require.That(this, value, value is 0 or 2 or 4, "0, 2 or 4"); } = 4;
}
