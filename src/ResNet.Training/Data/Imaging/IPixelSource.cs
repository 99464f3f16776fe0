namespace ResNet.Training.Data.Imaging;

/// <summary>An image of a known size whose pixels are fetched as they are needed.</summary>
internal interface IPixelSource
{
    int Width { get; }

    int Height { get; }

    /// <summary>1 for grey, 3 for RGB.</summary>
    int Channels { get; }

    /// <summary>Fetches a part of the image, or more of it; valid until the next call.</summary>
    PixelView Read(Area area);
}
