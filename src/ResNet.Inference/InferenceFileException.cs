namespace ResNet.Inference;

/// <summary>A file for inference cannot be read.</summary>
public sealed class InferenceFileException : Exception
{
    /// <summary>Makes an exception with a message of one sentence that begins with the file.</summary>
    /// <param name="file">The file, or another name of the source.</param>
    /// <param name="problem">The problem, to be read after the file's name.</param>
    /// <param name="inner">The cause.</param>
    public InferenceFileException(string file, string problem, Exception? inner = null)
        : base($"The file '{file}' {problem}.", inner) => File = file;

    /// <summary>The file, or another name of the source.</summary>
    public string File { get; }
}
