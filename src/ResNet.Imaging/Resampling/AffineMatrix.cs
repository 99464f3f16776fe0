using System.Globalization;

namespace ResNet.Imaging.Resampling;

/// <summary>
/// The source of each pixel of a warped image: (x, y) comes from (XX·x + XY·y + X0, YX·x + YY·y + Y0) of the original image.
/// </summary>
/// <remarks>Each operation is torchvision's for Pillow images, so that results are the same bits.</remarks>
internal readonly record struct AffineMatrix(double XX, double XY, double X0, double YX, double YY, double Y0)
{
    private const string Decimals = "F15";

    /// <summary>Whether the matrix only translates, by whole pixels.</summary>
    public bool IsTranslation => XX == 1 && XY == 0 && YX == 0 && YY == 1 && double.IsInteger(X0) && double.IsInteger(Y0);

    /// <summary>Moves each row to the left by its distance from the top times a factor.</summary>
    public static AffineMatrix ShearX(double factor) => new(1, Math.Tan(Angle(factor)), 0, 0, 1, 0);

    /// <summary>Moves each column up by its distance from the left edge times a factor.</summary>
    public static AffineMatrix ShearY(double factor)
    {
        var (sine, cosine) = (Math.Sin(Angle(factor)), Math.Cos(Angle(factor)));
        return new(1, 0, 0, sine / cosine, 1, 0);
    }

    /// <summary>Moves the image to the right and down by whole pixels.</summary>
    public static AffineMatrix Translation(int right, int down) => new(1, 0, -right, 0, 1, -down);

    /// <summary>Rotates the image about its centre, counter-clockwise.</summary>
    public static AffineMatrix Rotation(double degrees, int width, int height)
    {
        degrees %= 360;
        double angle = -Radians(degrees < 0 ? degrees + 360 : degrees);
        double cosine = Rounded(Math.Cos(angle)), sine = Rounded(Math.Sin(angle)), minusSine = Rounded(-Math.Sin(angle));
        double x = width / 2.0, y = height / 2.0;
        return new(cosine, sine, (cosine * -x) + (sine * -y) + x, minusSine, cosine, (minusSine * -x) + (cosine * -y) + y);
    }

    // torchvision expresses shears as angles in degrees.
    private static double Angle(double factor) => Radians(Math.Atan(factor) * (180 / Math.PI));

    private static double Radians(double degrees) => degrees * (Math.PI / 180);

    // Python rounds to the nearest decimal; Math.Round scales first, and may therefore round twice.
    private static double Rounded(double value)
    {
        Span<char> text = stackalloc char[32];
        value.TryFormat(text, out int length, Decimals, CultureInfo.InvariantCulture);
        return double.Parse(text[..length], CultureInfo.InvariantCulture);
    }
}
