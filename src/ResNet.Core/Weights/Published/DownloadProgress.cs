namespace ResNet.Core.Weights.Published;

/// <summary>The progress of a download.</summary>
/// <param name="FileName">The file's name, without its folder.</param>
/// <param name="Done">Bytes received so far, including earlier attempts; fewer than before if the download starts again.</param>
/// <param name="Total">The size of the whole file in bytes, as the server announces it; 0 if it does not.</param>
public readonly record struct DownloadProgress(string FileName, long Done, long Total);
