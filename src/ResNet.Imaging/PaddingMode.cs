namespace ResNet.Imaging;

/// <summary>The values of pixels beyond an image's edges.</summary>
public enum PaddingMode
{
    /// <summary>One value everywhere.</summary>
    Constant,

    /// <summary>The pixel at the edge, repeated.</summary>
    Edge,

    /// <summary>The image mirrored, without the pixel at the edge: <c>c b | a b c</c>.</summary>
    Reflect,

    /// <summary>The image mirrored, with the pixel at the edge: <c>b a | a b c</c>.</summary>
    Symmetric,
}

internal static class PaddingModes
{
    /// <summary>Maps a place, which may lie outside, to one of <paramref name="length"/> pixels; -1 for the constant value.</summary>
    public static int Map(this PaddingMode mode, int place, int length)
    {
        if (place >= 0 && place < length) return place;
        if (mode == PaddingMode.Constant) return -1;
        if (mode == PaddingMode.Edge || length == 1) return Math.Clamp(place, 0, length - 1);
        var period = mode == PaddingMode.Reflect ? 2 * (length - 1) : 2 * length;
        place = ((place % period) + period) % period;
        return place < length ? place : period - place - (mode == PaddingMode.Reflect ? 0 : 1);
    }
}
