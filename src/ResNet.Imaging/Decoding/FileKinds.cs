using System.Buffers.Binary;
using System.Text;

namespace ResNet.Imaging.Decoding;

/// <summary>A kind of image that is read only where the file's name says so, too.</summary>
internal enum FileKind
{
    Other,
    Gif,
    Heic,
    Avif,
}

/// <summary>What a file is, by its first bytes, for files that are not read and for those that are read only on request.</summary>
internal static class FileKinds
{
    private const string Readable = "not a JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM or PBM image";

    // Nothing of what is recognised as text begins later.
    private const int TextBytes = 1024;

    private static ReadOnlySpan<byte> AppleDouble => [0, 5, 0x16, 7];

    private static ReadOnlySpan<byte> AppleSingle => [0, 5, 0x16, 0];

    private static ReadOnlySpan<byte> Jpeg2000 => [0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' '];

    private static ReadOnlySpan<byte> Jpeg2000Codestream => [0xFF, 0x4F, 0xFF, 0x51];

    private static ReadOnlySpan<byte> JpegXl => [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' '];

    private static ReadOnlySpan<byte> JpegXlCodestream => [0xFF, 0x0A];

    private static ReadOnlySpan<byte> Icon => [0, 0, 1, 0];

    private static ReadOnlySpan<byte> Zip => [(byte)'P', (byte)'K', 3, 4];

    private static ReadOnlySpan<byte> SevenZip => [(byte)'7', (byte)'z', 0xBC, 0xAF];

    private static ReadOnlySpan<byte> NumPy => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private static ReadOnlySpan<byte> Gzip => [0x1F, 0x8B, 8];

    private static ReadOnlySpan<byte> Matroska => [0x1A, 0x45, 0xDF, 0xA3];

    private static ReadOnlySpan<byte> Hdf5 => [0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10, 26, 10];

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Finds the kind by the signature.</summary>
    internal static FileKind Find(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8)) return FileKind.Gif;
        if (!IsIsoMedia(file)) return FileKind.Other;
        var heic = false;
        for (var brands = Brands(file); brands.Length >= 4; brands = brands[4..])
        {
            var brand = brands[..4];
            if (brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8)) return FileKind.Avif;
            heic |= brand.StartsWith("hei"u8) || brand.StartsWith("hev"u8);
            heic |= brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8);
        }
        return heic ? FileKind.Heic : FileKind.Other;
    }

    /// <summary>The kind in words.</summary>
    internal static string Name(FileKind kind) => kind switch
    {
        FileKind.Gif => "a GIF image",
        FileKind.Heic => "a HEIC image",
        FileKind.Avif => "an AVIF image",
        _ => "",
    };

    /// <summary>The ending that the name of a file of this kind needs and lacks; null where there is none.</summary>
    internal static string? MissingEnding(string path, FileKind kind)
    {
        string[] endings = kind switch
        {
            FileKind.Gif => [".gif"],
            FileKind.Heic => [".heic", ".heif", ".hif"],
            FileKind.Avif => [".avif"],
            _ => [],
        };
        return endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) ? null : endings.FirstOrDefault();
    }

    /// <summary>Throws where a file of this kind has a name of another kind.</summary>
    /// <exception cref="NotSupportedException">The name does not ask for the kind.</exception>
    internal static void CheckName(string path, FileKind kind)
    {
        if (MissingEnding(path, kind) is not { } ending) return;
        var condition = kind == FileKind.Gif ? "" : " and where libvips decodes it";
        throw new NotSupportedException($"it is {Name(kind)}, which is read only under a name that ends in {ending}{condition}");
    }

    /// <summary>The reason why a file without the signature of a readable format is not read.</summary>
    internal static string WhyUnread(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty) return "the file is empty";
        if (file.StartsWith(AppleDouble) || file.StartsWith(AppleSingle)) return "it is macOS metadata, no image; delete it";
        if (file.StartsWith("version https://git-lfs.github.com/"u8))
            return "it is a Git LFS pointer, not the image itself; fetch the image with 'git lfs pull'";
        return (NameBinary(file) ?? NameText(file)) is { } name ? $"it is {name}, {Readable}" : $"it is {Readable}";
    }

    private static string? NameBinary(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("%PDF-"u8)) return "a PDF document";
        if (file.StartsWith("8BPS"u8)) return "a Photoshop document";
        if (file.StartsWith(Jpeg2000) || file.StartsWith(Jpeg2000Codestream)) return "a JPEG 2000 image";
        if (file.StartsWith(JpegXl) || file.StartsWith(JpegXlCodestream)) return "a JPEG XL image";
        if (file.StartsWith(Icon)) return "a Windows icon";
        if (file.StartsWith(Zip)) return "a ZIP archive";
        if (file.StartsWith(Gzip)) return "a gzip archive";
        if (file.StartsWith(SevenZip)) return "a 7-Zip archive";
        if (file.StartsWith("Rar!"u8)) return "a RAR archive";
        if (file.StartsWith(Matroska)) return "a Matroska or WebM video";
        if (file.StartsWith(Hdf5)) return "an HDF5 file";
        if (file.StartsWith(NumPy)) return "a NumPy array";
        if (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("AVI "u8)) return "an AVI video";
        if (IsIsoMedia(file)) return Brands(file).StartsWith("crx "u8) ? "a Canon raw photo" : "an MP4 or QuickTime video";
        return null;
    }

    private static string? NameText(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(ByteOrderMark)) file = file[ByteOrderMark.Length..];
        var start = file[..Math.Min(file.Length, TextBytes)].TrimStart(" \t\r\n"u8);
        var text = Encoding.Latin1.GetString(start);
        bool Begins(string word) => text.StartsWith(word, StringComparison.OrdinalIgnoreCase);
        if (Begins("<!doctype html") || Begins("<html")) return "an HTML page";
        if (Begins("<svg") || (Begins("<") && text.Contains("<svg", StringComparison.OrdinalIgnoreCase))) return "an SVG drawing";
        if (Begins("<?xml")) return "an XML file";
        return Begins("{") && text[1..].TrimStart().StartsWith('"') ? "a JSON file" : null;
    }

    // The files of HEIC, AVIF, MP4 and others begin with a box that names their brands.
    private static bool IsIsoMedia(ReadOnlySpan<byte> file) => file.Length >= 12 && file[4..].StartsWith("ftyp"u8);

    // The major brand, a version and the compatible brands, without the length and the name of the box.
    private static ReadOnlySpan<byte> Brands(ReadOnlySpan<byte> file)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(file);
        return file[8..(int)Math.Clamp(length, 12u, (uint)Math.Min(file.Length, TextBytes))];
    }
}
