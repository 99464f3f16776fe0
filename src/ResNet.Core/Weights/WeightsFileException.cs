namespace ResNet.Core.Weights;

/// <summary>A file of weights cannot be read, or does not hold what was asked for.</summary>
public sealed class WeightsFileException : Exception
{
    /// <summary>An error of one sentence that begins with the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong with it, to be read after its name.</param>
    /// <param name="inner">What it came from.</param>
    public WeightsFileException(string path, string problem, Exception? inner = null)
        : base($"The weights file '{path}' {problem}.", inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
