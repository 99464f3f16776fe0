namespace ResNet.Core.Weights.Published;

/// <summary>How far a download has got.</summary>
/// <param name="FileName">The file's name, without its folder.</param>
/// <param name="Done">Bytes that are there, those of earlier attempts included; fewer than before where one starts over.</param>
/// <param name="Total">Bytes that the server announces for the whole file; 0 where it does not.</param>
public readonly record struct DownloadProgress(string FileName, long Done, long Total);
