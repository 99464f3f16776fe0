using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary>Where the pixels of a stored image are shown, by the definition of the orientation in TIFF 6.0 and Exif.</summary>
public sealed class OrientationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, int, int, int> Turned()
    {
        var data = new TheoryData<int, int, int, int>();
        foreach (var (width, height) in new[] { (3, 2), (2, 3), (4, 5), (5, 1), (1, 5), (1, 1) })
            foreach (var channels in new[] { 1, 3 })
                for (var orientation = 2; orientation <= 8; orientation++)
                    data.Add(orientation, width, height, channels);
        return data;
    }

    [Theory]
    [MemberData(nameof(Turned))]
    public void Every_pixel_comes_to_its_place(int orientation, int width, int height, int channels)
    {
        var image = Filled(width, height, channels);
        var (shownWidth, shownHeight, expected) = Shown(orientation, width, height, channels);
        using var turned = Orientation.Turn(image, orientation);
        (turned.Width, turned.Height, turned.Channels).Should().Be((shownWidth, shownHeight, channels));
        turned.Rows(0, turned.Height).ToArray().Should().Equal(expected);

        var read = () => image.Rows(0, 1).Length;
        read.Should().Throw<ObjectDisposedException>("the memory of the stored image is free");
    }

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(-2)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(65_535)]
    public void Other_orientations_leave_the_image_itself(int orientation)
    {
        using var image = Filled(3, 2, 3);
        Orientation.Turn(image, orientation).Should().BeSameAs(image);
        (image.Width, image.Height).Should().Be((3, 2));
        image.Rows(0, 2).ToArray().Should().Equal(Enumerable.Range(1, 18).Select(value => (byte)value));
    }

    // Pillow 9.4: list(Image.open(file).getdata()) after load().
    [Theory]
    [InlineData(1, 3, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData(2, 3, new byte[] { 3, 2, 1, 6, 5, 4 })]
    [InlineData(3, 3, new byte[] { 6, 5, 4, 3, 2, 1 })]
    [InlineData(4, 3, new byte[] { 4, 5, 6, 1, 2, 3 })]
    [InlineData(5, 2, new byte[] { 1, 4, 2, 5, 3, 6 })]
    [InlineData(6, 2, new byte[] { 4, 1, 5, 2, 6, 3 })]
    [InlineData(7, 2, new byte[] { 6, 3, 5, 2, 4, 1 })]
    [InlineData(8, 2, new byte[] { 3, 6, 2, 5, 1, 4 })]
    public void A_tiff_file_is_turned_as_in_Pillow(int orientation, int width, byte[] expected)
    {
        var file = new TestTiff(3, 2) { Extra = [(274, [orientation])] }.Encode([1, 2, 3, 4, 5, 6]);
        using var image = ImageDecoder.Open(_folder.Write("a.tif", file), 1);
        (image.Width, image.Height).Should().Be((width, 6 / width));
        image.Rows(0, image.Height).ToArray().Should().Equal(expected);
    }

    // Pillow 9.4: the pixels of a TIFF file as stored; libtiff itself calls such a file damaged.
    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(255)]
    [InlineData(65_535)]
    public void A_tiff_file_with_an_orientation_that_does_not_exist_is_read_as_it_is_stored(int orientation)
    {
        foreach (bool isTiled in new[] { false, true })
        {
            foreach (bool isBigTiff in new[] { false, true })
            {
                var tiff = new TestTiff(3, 2)
                {
                    Extra = [(274, [orientation])], Tile = isTiled ? (16, 16) : null, IsBigTiff = isBigTiff, IsBigEndian = isTiled,
                };
                using var image = ImageDecoder.Open(_folder.Write("a.tif", tiff.Encode([1, 2, 3, 4, 5, 6])), 1);
                (image.Width, image.Height).Should().Be((3, 2));
                image.Rows(0, 2).ToArray().Should().Equal(1, 2, 3, 4, 5, 6);
            }
        }
    }

    // No two bytes are equal.
    private static DecodedImage Filled(int width, int height, int channels)
    {
        var image = new DecodedImage(width, height, channels);
        var pixels = image.Rows(0, height);
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)(i + 1);
        return image;
    }

    // The definition says which side of the picture the first row and the first column of the file are.
    private static (int Width, int Height, byte[] Pixels) Shown(int orientation, int width, int height, int channels)
    {
        var (firstRow, firstColumn) = orientation switch
        {
            2 => ("top", "right"),
            3 => ("bottom", "right"),
            4 => ("bottom", "left"),
            5 => ("left", "top"),
            6 => ("right", "top"),
            7 => ("right", "bottom"),
            _ => ("left", "bottom"),
        };
        var rowsAreRows = firstRow is "top" or "bottom";
        var (shownWidth, shownHeight) = rowsAreRows ? (width, height) : (height, width);
        int? Place(string side, int distance, bool horizontal) => (side, horizontal) switch
        {
            ("left", true) or ("top", false) => distance,
            ("right", true) => shownWidth - 1 - distance,
            ("bottom", false) => shownHeight - 1 - distance,
            _ => null,
        };
        var pixels = new byte[width * height * channels];
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                var x = Place(firstRow, row, horizontal: true) ?? Place(firstColumn, column, horizontal: true)!.Value;
                var y = Place(firstRow, row, horizontal: false) ?? Place(firstColumn, column, horizontal: false)!.Value;
                for (var channel = 0; channel < channels; channel++)
                    pixels[(((y * shownWidth) + x) * channels) + channel] = (byte)((((row * width) + column) * channels) + channel + 1);
            }
        }
        return (shownWidth, shownHeight, pixels);
    }
}
