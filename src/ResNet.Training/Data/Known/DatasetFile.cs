namespace ResNet.Training.Data.Known;

/// <summary>A source file of a known data set.</summary>
/// <param name="Address">The address where it is published.</param>
/// <param name="Md5">Its published MD5 sum, 32 lower-case hexadecimal digits, to detect damage in transfer.</param>
public sealed record DatasetFile(Uri Address, string Md5)
{
    /// <summary>The file's name, without its folder.</summary>
    public string Name => Address.Segments[^1];
}
