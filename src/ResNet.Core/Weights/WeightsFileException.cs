namespace ResNet.Core.Weights;

/// <summary>A file of weights cannot be read, or lacks the requested content.</summary>
public sealed class WeightsFileException : Exception
{
    /// <summary>Makes an exception with a message of one sentence that begins with the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">The problem, to be read after the file's name.</param>
    /// <param name="inner">The cause.</param>
    public WeightsFileException(string path, string problem, Exception? inner = null)
        : base($"The weights file '{path}' {problem}.", inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
