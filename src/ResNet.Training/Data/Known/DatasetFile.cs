namespace ResNet.Training.Data.Known;

/// <summary>A file that a known data set is made from.</summary>
/// <param name="Address">Where it is published.</param>
/// <param name="Md5">Its published MD5 sum, 32 lower-case hexadecimal digits: against damage in transfer.</param>
public sealed record DatasetFile(Uri Address, string Md5)
{
    /// <summary>The file's name, without its folder.</summary>
    public string Name => Address.Segments[^1];
}
