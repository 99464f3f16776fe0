using System.Buffers.Binary;
using ResNet.Imaging.Decoding;
using static ResNet.Testing.TestPng.Colours;

namespace ResNet.Testing;

/// <summary>Valid files of every format, which <c>HostileImageTests</c> damage.</summary>
internal static class HostileImages
{
    // Pillow wrote them, with 40 x 24 pixels.
    public const string ProgressiveJpeg =
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/
        2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wgARCAAYACgDASIAAhEBAxEB/8QA
        GAABAQEBAQAAAAAAAAAAAAAAAAMBAgT/xAAYAQADAQEAAAAAAAAAAAAAAAABAgMEAP/aAAwDAQACEAMQAAABhS2lU/S6sVzvmmfF10NTAaf/xAAaEAACAwEB
        AAAAAAAAAAAAAAAAAQIREiED/9oACAEBAAEFArlnQjY3yooWWIwrqA42Y7GGSUbF5n//xAAYEQEBAAMAAAAAAAAAAAAAAAABAAIQEf/aAAgBAwEBPwEYyuxG
        v//EABoRAAMAAwEAAAAAAAAAAAAAAAABEQISQVH/2gAIAQIBAT8Bq8FOiyxXBNmztNmf/8QAHhAAAQQBBQAAAAAAAAAAAAAAAAERITEQIEFRYaH/2gAIAQEA
        Bj8CVeCpxQvRXgzEDmwg+j//xAAcEAACAwEBAQEAAAAAAAAAAAABEQAhMVFBYYH/2gAIAQEAAT8hNiAZUJ+7EKAwDMseXv2FcBpbCCiCMMlHb9gDErkR5Ol2
        A2CT1FIvJe70GPdhwY0OEotGqXJ//9oADAMBAAIAAwAAABA+g+IP7//EABYRAQEBAAAAAAAAAAAAAAAAAAEAUf/aAAgBAwEBPxBdkh7Jkwt//8QAGBEBAQEB
        AQAAAAAAAAAAAAAAAQARMSH/2gAIAQIBAT8QENjD4gMYLkQKdv/EAB0QAQEAAwEBAQEBAAAAAAAAAAERACExUUGBocH/2gAIAQEAAT8QkFX9C0Pt9csAFoBv
        PNf5mkEpYmzPUH0jWnnc0+itNunNPuRQLIUL+Ge+BAOjp+Y2p8EXMrtrcoFfObzuHc0Hc0Ai2qp+426bLPDBoJohRst9n8wXxgHtJijUrVWxPjzP/9k=
        """;

    public const string LossyWebP =
        """
        UklGRlwBAABXRUJQVlA4IFABAAAwCACdASooABgAPxGAr1MsKKOiqrgMAYAiCWoAnTLCPUfmRoi/A0gTNe72BibH7RlShHUs/RH0/RZU+QPe80N3ThHiB0aC
        V9jIAAD9UCcCA+D5dWDFTFL54FXWFLNVRVedNV0NABUBrl3Yj502A8Sg37LvV0khAbPwDtN1X76eCl4syh5mZXQTbuVvFC/TnGHCtODnZcBzOh1v0eNhTE5F
        MHHXpirQG95XEfB8FkTw9By4Geqt/N2g4RVdv0J4Hsvmt8MnT064kDOHS14wUsFtmRqNAqRvTjnwkhElrcgQ3FQG9iDswG4YlS7wkcL3tLq86xlIdwyfNSpw
        DgPl5qvpGU8wBDjWAX84xMvany3uf2meYxDL5oMOZtjawpUercoTRikPKUeTY557/vR/eH38Wn5d0M0xYP6jh6CwmDbh8Tn9SoeuzPt2ZPpHNpiAAAA=
        """;

    public const string LzwTiff =
        """
        SUkqAAIDAACAHc8Hk9nw+n4/oFBINCIZDohEopGI1HI9IJJJpRKpdMJlNJtOp5PqBQqNSKVTHqDQhAIGGIWHRFFoyKpBIpKNJaOR9OJ2RqFRKOUKdUKmWQsQ
        iIRxBFIuKRZIxlKzpMTyRSRRSdTURVKskkoPCCkiNDiUTzOKTaMVOOJlNz2RUCTVuiqpWK1XK9YIURiREWcUioWC2bpMZDMaR23yFP0AgEJTEQikYkKwlEtX
        k4nlAoogTCiJo4WC5JDAYpUaDVMjgc4ySSYhENUEYjqvLq8mk9ZLRalMqIwVCtHzfTJbU6scjodjxQUGtbPa7fcrMolJbLdcFcsI8Wi+cJXEJkbjhOcusVqi
        KmvErcE5ZdVbFQqrldrwtFvTYeO+Py8xQiAILYq4Va7r0zT4FuKrtCy+4ui8L6qLcuCsKEuhUrsvC9FkWbePkXJdF4XpfF+YBgmGYhip4n0KKGosCQyWMNlo
        65cCsLEGRGYBhROYpjGQZLXOcUr0q7DJYFjDhauvD5dxFEhgmFFBjGPH5lmYuSTyIu68yPJJbFxJheRzE0pSoZUrGaZ5oFJC0MFc+QrSS7EmSdEseSmZMzmY
        Z01GiaRqLqVbqimKorFlG8aF0+peyfKMeyoZM0T5PxpmoaxrwJLgrCuWgtFsLgui+MExF+MgzDOYdHmRPRmjmOhooEPI9Gug5tr1GJZwZOdRF6MYyGCMw0GI
        NQ1x+ZRmGbPg6jsadZGsgxtJabzdyUW8HUXXxgjPYViDYNw32RPhoGlZtZj4P1okCbxCEKcMaQ+MAwxzU9h2KNo3mXZM+z+atnj7dJuoYcKHnLD8Q18MozRP
        YhkXvKw5DnZdK36a5sm0baFYEcSmInUkS0dKcq2RfZp4obGLG4bpvG+cJDEQchzHOdB0nUdmPzLVc0X2amTGybeUm8cBwnEcaZEadJ1nYdp3HfE+QzzcM1XJ
        Sxr5Pi+VG/oRxnIcpzZmdR16Wd54HieVIWPfVKapq2gaycOtnLmWabDpmyHmeh6nsgIJAAABAwABAAAAKAAAAAEBAwABAAAAGAAAAAIBAwABAAAACAAAAAMB
        AwABAAAABQAAAAYBAwABAAAAAQAAABEBBAABAAAACAAAABYBAwABAAAAGAAAABcBBAABAAAA+gIAABwBAwABAAAAAQAAAAAAAAA=
        """;

    public const string DeflatedTiff =
        """
        SUkqAE4CAAB4nEXNsW7bMBSF4Xfs1DHKYHaIpgDKIi5VLSMmBegygGWgymAaqCgYScTB5GBpzhIvzdgleZOeayctDyUtH35dJLMkEXznYp6oy7lOSl1+3kVZ
        lQu/2FU7ccFTiUrEXJRi/m2uS3WpS15V6h22GEBn6KksyxOm6lKV/Oj5GQ4LvdCIVe19lmf5FyEzIVSihdKiVBqn5Bd6Http7/3sayZykclMKqFubiRUgpzW
        batb29rSth6fe5HnSOVSgODKm1NO659SW4vrra28t9tZnomlyDNQJaXcSK00U0YbbVtcX/l2+68ncyU36ozwbP73/IBenjPMc+6dgh89kI0dKstna5/tTKRL
        WgpSpFSKHGFGm8HoAb0w+Oh98D6my3QmCIMyGGn+gAXbWXs3GG98rKKf0ZJSxIiLxIZrpAOqIeg43A1xiD7WKYo1F4HoVDRPsMEMoQpRx+AjGP+3RoxIFgW+
        oMyg8ATjQzQx3IWIXp0W8rssSHbcI7M3hs4q8j3n4hXVVBcFYUWxQc/Z7oSwsHWhd72L/XOkK0pB8OPO0Y/O4O3cB2Ph4rEPxz7Wp14HB8yocM4RKxMcci/R
        HePxGOvr+ppJQx1ixbpzhsI6jGY89RzHuEcrqm9/3XbUFA/02JnGPbjHPZQZx/D08vQyhdf+9XhcpSu0PrfeY4E3npJjfxzjxINaodlAHcyhaQLvAAMax/53
        /xqmt/g+sWpw6AAJMzbjuAY7n4lvnKY/06oBq1k2B0ZM9+N4wD/Rw32f3rD3v81YNr8KAAABAwABAAAAKAAAAAEBAwABAAAAGAAAAAIBAwABAAAACAAAAAMB
        AwABAAAACAAAAAYBAwABAAAAAwAAABEBBAABAAAACAAAABYBAwABAAAAGAAAABcBBAABAAAARgIAABwBAwABAAAAAQAAAEABAwAAAwAAzAIAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAA
        ADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZ
        AMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAA
        ADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZ
        AMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAAADMAZgCZAMwA/wAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        ADMAMwAzADMAMwAzAGYAZgBmAGYAZgBmAJkAmQCZAJkAmQCZAMwAzADMAMwAzADMAP8A/wD/AP8A/wD/AAAAAAAAAAAAAAAAADMAMwAzADMAMwAzAGYAZgBm
        AGYAZgBmAJkAmQCZAJkAmQCZAMwAzADMAMwAzADMAP8A/wD/AP8A/wD/AAAAAAAAAAAAAAAAADMAMwAzADMAMwAzAGYAZgBmAGYAZgBmAJkAmQCZAJkAmQCZ
        AMwAzADMAMwAzADMAP8A/wD/AP8A/wD/AAAAAAAAAAAAAAAAADMAMwAzADMAMwAzAGYAZgBmAGYAZgBmAJkAmQCZAJkAmQCZAMwAzADMAMwAzADMAP8A/wD/
        AP8A/wD/AAAAAAAAAAAAAAAAADMAMwAzADMAMwAzAGYAZgBmAGYAZgBmAJkAmQCZAJkAmQCZAMwAzADMAMwAzADMAP8A/wD/AP8A/wD/AAAAAAAAAAAAAAAA
        ADMAMwAzADMAMwAzAGYAZgBmAGYAZgBmAJkAmQCZAJkAmQCZAMwAzADMAMwAzADMAP8A/wD/AP8A/wD/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAz
        ADMAMwAzADMAMwAzADMAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAZgBmAGYAmQCZ
        AJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAmQCZAJkAzADMAMwAzADMAMwAzADMAMwAzADM
        AMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwAzADMAMwA/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/
        AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAA=
        """;

    public static byte[][] Originals() =>
    [
        PillowPicture.Jpeg.FileBytes,
        PillowPicture.GreyJpeg.FileBytes,
        PillowPicture.CmykJpeg.FileBytes,
        PillowPicture.RotatedJpeg.FileBytes,
        PillowPicture.WebPWithAlpha.FileBytes,
        PillowPicture.Tiff.FileBytes,
        PillowPicture.PalettePng.FileBytes,
        PillowPicture.BlackAndWhitePng.FileBytes,
        .. new[] { ProgressiveJpeg, LossyWebP, LzwTiff, DeflatedTiff }.Select(Convert.FromBase64String),
        new TestPng(28, 28, Grey).Encode(Motif.Pixels(28, 28, 1)),
        new TestPng(31, 17, Rgb) { DataChunks = 3, Filter = 4 }.Encode(Motif.Pixels(31, 17, 3)),
        new TestPng(40, 30, Rgb, BitDepth: 16) { Filter = 1 }.Encode(Motif.Pixels(80, 30, 3)),
        new TestPng(30, 40, Palette) { Filter = 2, Extra = [("PLTE", Motif.Pixels(100, 1, 3)), ("tRNS", [0, 1, 2])] }
            .Encode([.. Motif.Pixels(30, 40, 1).Select(index => (byte)(index % 100))]),
        new TestPng(2, 1, Grey) { Interlaced = true }.EncodeLines([0, 77, 0, 99]),
        PngEncoder.Encode(Motif.Pixels(200, 150, 3), 200, 150, 3),
        TestBmp.Encode(9, 7, 24, Motif.Pixels(28, 7, 1)),
        TestBmp.Encode(13, -5, 8, Motif.Pixels(16, 5, 1), Motif.Pixels(256, 1, 4)),
        TestBmp.Encode(13, 5, 16, Motif.Pixels(28, 5, 1), masks: [0xF800, 0x7E0, 0x1F]),
        TestBmp.Encode(9, 2, 8, [4, 7, 0, 3, 1, 2, 3, 0, 2, 9, 0, 0, 0, 2, 3, 0, 6, 5, 0, 1], Motif.Pixels(16, 1, 4), compression: 1),
        TestBmp.Encode(9, 2, 4, [4, 0x57, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 9, 0x65, 0, 1], Motif.Pixels(16, 1, 4), compression: 2),
        new TestTiff(40, 30) { Tile = (16, 16), Compression = 8, Bits = [8, 8, 8], Photometric = 2 }.Encode(Motif.Pixels(40, 30, 3)),
        new TestTiff(20, 30) { Tile = (16, 16), IsPlanar = true, IsBigTiff = true, Bits = [16, 16, 16], Photometric = 2 }
            .Encode(Motif.Pixels(40, 30, 3)),
        new TestTiff(40, 30) { Compression = 5, Bits = [8, 8, 8, 8], Photometric = 2, Extra = [(338, [1])], IsBigEndian = true }
            .Encode(Motif.Pixels(40, 30, 4)),
        [.. "P6\n# a comment\n9 7\n255\n"u8, .. Motif.Pixels(9, 7, 3)],
        [.. "P5 9 7 1000\n"u8, .. Motif.Pixels(18, 7, 1)],
        [.. "P4 9 7\n"u8, .. Motif.Pixels(2, 7, 1)],
        [.. "P3 2 2 9\n1 2 3 4 5 6 7 8 9 8 7 6\n"u8],
        [.. "P2 3 2 99 # most\n10 20 30 40 50 60\n"u8],
        [.. "P1 5 2 10101 01010"u8],
    ];

    /// <summary>Good files that are read only where their names end in <c>.gif</c>.</summary>
    public static byte[][] Gifs() =>
    [
        new TestGif(40, 30, Motif.Pixels(100, 1, 3)) { Transparent = 3, IsInterlaced = true }
            .Encode([.. Motif.Pixels(40, 30, 1).Select(index => (byte)(index % 100))]),
        new TestGif(20, 30, Motif.Pixels(16, 1, 3)) { Screen = (50, 40), Place = (7, 5), HasLocalPalette = true }
            .Encode([.. Motif.Pixels(20, 30, 1).Select(index => (byte)(index % 16))]),
    ];

    /// <summary>Corrects the checksums of all chunks of a PNG file, so that decoders do not stop at them.</summary>
    public static byte[] Resealed(byte[] png)
    {
        for (var at = SmallPng.Signature.Length; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12) break;
            var body = png.AsSpan(at + 4, 4 + (int)length);
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), SmallPng.Crc(body));
            at += 12 + (int)length;
        }
        return png;
    }
}
