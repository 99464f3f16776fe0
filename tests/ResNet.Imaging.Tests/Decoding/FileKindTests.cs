using System.Buffers.Binary;
using System.Text;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary>Files that are no readable images, and those that are read only under their own names.</summary>
public sealed class FileKindTests : IDisposable
{
    // An AVIF image without loss, written by libvips 8.18, of Motif.Pixels(8, 6, 3).
    private const string Avif =
        """
        AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAAOptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEA
        AQAAAAABDgABAAAAAAAAATUAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAamlwcnAAAABLaXBjbwAAAAxhdjFD
        gSACAAAAABNjb2xybmNseAABAA0AAIAAAAAUaXNwZQAAAAAAAAAIAAAABgAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAT1tZGF0
        EgAKCDgIvWEBDQAgMqYCEAAA+2cE//uXnBGE9R2L1gaHZ9bHInz6bqVmXWxqkgNOZOJ/8Pt//8mEnCj/sVCz+76W6nqQyXkmBEsBpvF/5V1et8ShaEmYjaSi
        qsNBlTAVIseIo84aUC5UwEaHJ/gUs9gyDf//snp91HyNanu8x4QaELTyNBwncb+l6xrb0If//5XKBzmMNe9Zm1sFl0vFbgNMma5pUFUdCQ///1ceHZvPZYTY
        1gsQh9cerjMIYgAOhndv2jy23///nuJr1+bOO/Q2i0bfCKQK3l/RotQOtttvQO3TYscOv/ox83C+k5ARKLFf/6QJUaLULbIrs1k5U3dsYnDgbgn99mZf9qQi
        7ofuhIr4qZuJU6eqrmRUzePRvLjOeg97NduBBHxr+Ta98I4gGIBw
        """;

    private const string Readable = "not a JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM or PBM image";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("%PDF-1.7\n", "a PDF document")]
    [InlineData("8BPS\0\u0001", "a Photoshop document")]
    [InlineData("\0\0\0\u000CjP  \r\n", "a JPEG 2000 image")]
    [InlineData("\u00FF\u004F\u00FF\u0051\0", "a JPEG 2000 image")]
    [InlineData("\0\0\0\u000CJXL \r\n", "a JPEG XL image")]
    [InlineData("\u00FF\u000A\u00FA", "a JPEG XL image")]
    [InlineData("\0\0\u0001\0\u0001\0", "a Windows icon")]
    [InlineData("PK\u0003\u0004\u0014\0", "a ZIP archive")]
    [InlineData("\u001F\u008B\u0008\0", "a gzip archive")]
    [InlineData("7z\u00BC\u00AF\u0027\u001C", "a 7-Zip archive")]
    [InlineData("Rar!\u001A\u0007", "a RAR archive")]
    [InlineData("\u001A\u0045\u00DF\u00A3\u0001", "a Matroska or WebM video")]
    [InlineData("\u0089HDF\r\n\u001A\n", "an HDF5 file")]
    [InlineData("\u0093NUMPY\u0001\0", "a NumPy array")]
    [InlineData("RIFF\0\0\0\0AVI LIST", "an AVI video")]
    [InlineData("\0\0\0\u0018ftypisom\0\0\0\0mp41", "an MP4 or QuickTime video")]
    [InlineData("\0\0\0\u0018ftypcrx \0\0\0\0crx isom", "a Canon raw photo")]
    [InlineData("<!DOCTYPE html><html>", "an HTML page")]
    [InlineData("\u00EF\u00BB\u00BF \r\n<html lang=en>", "an HTML page")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing")]
    [InlineData("<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "an SVG drawing")]
    [InlineData("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "an XML file")]
    [InlineData("{ \"error\": \"not found\" }", "a JSON file")]
    public void The_reason_says_what_a_file_is(string contents, string kind)
    {
        var file = Encoding.Latin1.GetBytes(contents);
        // Padding, since most of these files are longer than their signature.
        Reason("a.jpg", [.. file, .. new byte[64]]).Should().Be($"it is {kind}, {Readable}");
        Reason("a.gif", file).Should().Be($"it is {kind}, {Readable}");
    }

    [Fact]
    public void What_comes_with_images_by_mistake_is_named_with_what_to_do()
    {
        Reason("._a.jpg", [0, 5, 22, 7, 0, 2, 0, 0, .. "Mac OS X        "u8]).Should().Be("it is macOS metadata, no image; delete it");
        Reason("a.jpg", [.. "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a"u8])
            .Should().Be("it is a Git LFS pointer, not the image itself; fetch the image with 'git lfs pull'");
        Reason("a.jpg", []).Should().Be("the file is empty");
    }

    [Fact]
    public void Gif_heic_and_avif_are_read_only_under_their_own_names()
    {
        var gif = new TestGif(2, 2, [1, 2, 3, 4, 5, 6]).Encode([0, 1, 1, 0]);
        foreach (var name in new[] { "a.jpg", "a", "gif", "a.gif.png", "a.heic" })
            Reason(name, gif).Should().Be("it is a GIF image, which is read only under a name that ends in .gif");
        Reason("a.png", Convert.FromBase64String(Avif))
            .Should().Be("it is an AVIF image, which is read only under a name that ends in .avif and where libvips decodes it");
        Reason("a.jpg", Heic(8, 6))
            .Should().Be("it is a HEIC image, which is read only under a name that ends in .heic and where libvips decodes it");
        // A brand of several formats, among whose brands AVIF is.
        Reason("a.heic", [.. "\0\0\0\x18"u8, .. "ftypmif1\0\0\0\0mif1avif"u8])
            .Should().Be("it is an AVIF image, which is read only under a name that ends in .avif and where libvips decodes it");

        using var image = ImageDecoder.Open(_folder.Write("a.gif", gif), 1);
        (image.Width, image.Height).Should().Be((2, 2));
    }

    [Fact]
    public void An_image_from_a_stream_follows_the_same_rule()
    {
        var gif = new TestGif(2, 1, [7, 7, 7, 9, 9, 9]).Encode([0, 1]);
        using var reader = new ImageReader(1);
        reader.Open("archive.zip/a.gif", new MemoryStream(gif));
        reader.Read(new Area(0, 0, 2, 1)).Row(0, 0, 2).ToArray().Should().Equal(7, 9);
        var open = () => reader.Open("archive.zip/a", new MemoryStream(gif));
        open.Should().Throw<ImageDecodingException>().WithMessage("*it is a GIF image*");
    }

    [Fact]
    public void The_name_alone_makes_no_other_format()
    {
        foreach (var name in new[] { "a.gif", "a.heic", "a.avif" })
        {
            using var image = ImageDecoder.Open(_folder.Write(name, PillowPicture.Jpeg.FileBytes), 3);
            image.Rows(0, image.Height).ToArray().Should().Equal(PillowPicture.Jpeg.Pixels(3));
        }
    }

    [Fact]
    public void An_avif_image_is_read()
    {
        using var image = ImageDecoder.Open(_folder.Write("a.avif", Convert.FromBase64String(Avif)), 3);
        image.Rows(0, image.Height).ToArray().Should().Equal(Motif.Pixels(8, 6, 3));
    }

    [Fact]
    public void A_damaged_avif_image_is_refused()
    {
        var whole = Convert.FromBase64String(Avif);
        foreach (var part in new[] { 0.1, 0.5, 0.9 })
            Reason("a.avif", whole[..(int)(whole.Length * part)]).Should().StartWith("the file is damaged or truncated (");
    }

    // The libvips that the packages bring has no decoder for HEVC, the compression of HEIC.
    [Fact]
    public void A_heic_image_is_refused_where_libvips_has_no_decoder_for_it() =>
        Reason("a.heic", Heic(64, 64)).Should().Be("it is a HEIC image, and this libvips has no HEIC decoder; convert it to JPEG or PNG");

    private string Reason(string name, byte[] file)
    {
        var open = () => ImageDecoder.Open(_folder.Write(name, file), 3);
        return open.Should().Throw<ImageDecodingException>().Which.Reason;
    }

    // A file of one HEVC picture, of which only the data are missing.
    private static byte[] Heic(uint width, uint height)
    {
        byte[] brands = Box("ftyp", [.. "heic\0\0\0\0mif1heic"u8]);
        var start = brands.Length + Metadata(0).Length + 8;
        return [.. brands, .. Metadata((uint)start), .. Box("mdat", new byte[32])];

        byte[] Metadata(uint data) => Box("meta",
        [
            .. Word(0),
            .. Box("hdlr", [.. Word(0), .. Word(0), .. "pict"u8, .. new byte[13]]),
            .. Box("pitm", [.. Word(0), 0, 1]),
            .. Box("iloc", [.. Word(0), 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1, .. Word(data), .. Word(32)]),
            .. Box("iinf", [.. Word(0), 0, 1, .. Box("infe", [.. Word(2 << 24), 0, 1, 0, 0, .. "hvc1\0"u8])]),
            .. Box("iprp",
            [
                .. Box("ipco",
                [
                    .. Box("hvcC", [1, 3, 0x70, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0xF, 0]),
                    .. Box("ispe", [.. Word(0), .. Word(width), .. Word(height)]),
                ]),
                .. Box("ipma", [.. Word(0), .. Word(1), 0, 1, 2, 0x81, 2]),
            ]),
        ]);
    }

    private static byte[] Box(string name, byte[] contents) =>
        [.. Word((uint)contents.Length + 8), .. Encoding.Latin1.GetBytes(name), .. contents];

    private static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
