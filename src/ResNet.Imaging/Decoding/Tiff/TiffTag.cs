namespace ResNet.Imaging.Decoding.Tiff;

/// <summary>The numbers of the tags that are used here, from TIFF 6.0.</summary>
internal static class TiffTag
{
    internal const int Width = 256;
    internal const int Height = 257;
    internal const int BitsPerSample = 258;
    internal const int Compression = 259;
    internal const int Photometric = 262;
    internal const int StripOffsets = 273;
    internal const int Orientation = 274;
    internal const int SamplesPerPixel = 277;
    internal const int RowsPerStrip = 278;
    internal const int StripByteCounts = 279;
    internal const int TileWidth = 322;
    internal const int TileHeight = 323;
    internal const int TileOffsets = 324;
    internal const int TileByteCounts = 325;
    internal const int ExtraSamples = 338;
    internal const int SampleFormat = 339;
}
