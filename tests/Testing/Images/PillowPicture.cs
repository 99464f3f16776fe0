namespace ResNet.Testing;

/// <summary>
/// Small pictures that Pillow 9.4 wrote, all with the same motif of 8 x 6 pixels, and the pixels that it reads from them:
/// <c>Image.open(file).convert("RGB").tobytes()</c> and <c>convert("L")</c>.
/// </summary>
internal sealed record PillowPicture(string File, string Rgb, string Grey)
{
    public const int Width = 8;

    public const int Height = 6;

    /// <summary>Quality 92, 4:4:4.</summary>
    public static readonly PillowPicture Jpeg = new(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8Q
        EBD/2wBDAQMDAwQDBAgEBAgQCwkLEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBD/wAARCAAGAAgDAREAAhEB
        AxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS
        0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKz
        tLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgEC
        BAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpj
        ZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6
        /9oADAMBAAIRAxEAPwDkxosK/sffDT9owMf7eimvohF/yzx5pjH6Cs+Cv+EHPo8LUdaObX9o+q9krq33nt1cBDjDiPH8WYzStVULpbe6nFW+4//Z
        """,
        """
        /AEU6j0SQswAANAsADTVFBzpaXOmkZJy9wAW2DoNTc0IDtJCED7HJSHYbWmkh4lxuAARpjYRcM5CUuBwSmKgSzemcVGddmODSAMGYDIjpNCVtvasoZZp
        gVpddTSSXiemAQIEMDE2yNLU9//b4ro+qnEidSCHSQO7AAAHIzE80dHr/v/v+MQwvXUPchuDQwG7
        """,
        """
        TmyLfzcxdo5MZJCHQDdxhjlToqliSmNsGD682pRmUkYCMc/5uHlFLQEu1P3Df0Eq
        """);

    /// <summary>Quality 92.</summary>
    public static readonly PillowPicture GreyJpeg = new(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8Q
        EBD/wAALCAAGAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJx
        FDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZ
        mqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOTGiwr+x98NP2jAx/t6Ka+iEX/L
        PHmmMfoK/9k=
        """,
        """
        Tk5ObGxsioqKfn5+Nzc3MTExdnZ2jo6OS0tLZGRkkJCQh4eHQEBANzc3cXFxhoaGODg4U1NToqKiqampYmJiSkpKY2NjbGxsGBgYPj4+vLy82tralJSU
        ZmZmUlJSRkZGAgICMTExz8/P+/v7uLi4eXl5RUVFLS0tAAAALi4u1NTU////w8PDf39/QUFBKioq
        """,
        """
        TmyKfjcxdo5LZJCHQDdxhjhToqliSmNsGD682pRmUkYCMc/7uHlFLQAu1P/Df0Eq
        """);

    /// <summary>Adobe's inverted CMYK.</summary>
    public static readonly PillowPicture CmykJpeg = new(
        """
        /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgICAgIDAgICAwMDAwQGBAQEBAQIBgYFBgkICgoJCAkJCgwPDAoLDgsJCQ0RDQ4PEBAREAoMEhMSEBMPEBAQ
        /8AAFAgABgAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFB
        BhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqS
        k5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwCG68C6f8Yv
        hBpf/BQnX5Gh8b6q0kM9pF/x7gRSPAu0fRPSuB1S2Hhn/gnx8G/jVYnOr+EbnUo7RG+63mz7TmuM/Zw0SH4X/Cj4WQ6TI0g/aKk1CPXt5/1I09z5Wz65
        NfqnX//Z
        """,
        """
        /wIX3jkNSM0AAMwpADXXGxv0aW+cjplx/wAU0TkKT80HCNE5B0TFJiPhbGaajYt1tQAOoDgWdc1AUt9pSWedTjqra1GUdWKISwAFYTYsp82Xs/Ktn5do
        gVhebzaLYyilAAEAMDQ3zczX+//g5ro9rHAkbySGTQK4AAAAJDI408zr///y88YvuXkScR2JTAC9
        """,
        """
        UGWOfDg0cpFPYZGEQDpuiThTo6dkTWBsF0K715RlUUgBM876uXlGLQAu0v7CgEIs
        """);

    /// <summary>With an Exif orientation: rotate by 90 degrees.</summary>
    public static readonly PillowPicture RotatedJpeg = new(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUG
        CQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/2wBDAQMDAwQDBAgEBAgQCwkLEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ
        EBAQEBAQEBAQEBAQEBAQEBAQEBD/wAARCAAGAAgDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF
        BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq
        c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEA
        AwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYk
        NOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6
        wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDkxosK/sffDT9owMf7eimvohF/yzx5pjH6Cs+Cv+EHPo8LUdaO
        bX9o+q9krq33nt1cBDjDiPH8WYzStVULpbe6nFW+4//Z
        """,
        """
        /AEU6j0SQswAANAsADTVFBzpaXOmkZJy9wAW2DoNTc0IDtJCED7HJSHYbWmkh4lxuAARpjYRcM5CUuBwSmKgSzemcVGddmODSAMGYDIjpNCVtvasoZZp
        gVpddTSSXiemAQIEMDE2yNLU9//b4ro+qnEidSCHSQO7AAAHIzE80dHr/v/v+MQwvXUPchuDQwG7
        """,
        """
        TmyLfzcxdo5MZJCHQDdxhjlToqliSmNsGD682pRmUkYCMc/5uHlFLQEu1P3Df0Eq
        """);

    /// <summary>Lossless, with a different alpha for each pixel.</summary>
    public static readonly PillowPicture WebPWithAlpha = new(
        """
        UklGRiABAABXRUJQVlA4TBMBAAAvB0ABEH/hOLJtJbqs3CUDYiIWQnR3WDvj7pMG49i2k7wkuEMp9F9Elrht3V3YRrat5Dse8bsgIvwZDt1SAUMLRPTg
        7jZMa21bktAh/vxmdAOSZ2ZhBE3swgSe9NfMEH8JACwAoP9/iIGBEhAV8CMg/H8f8sm4Sj0HtFG3lGCuqFGXqhtq7V6Fi1GZTpeEqjdxnlSt/5SSQPSR
        oiRVDOPg3Z5gVHolD5740Ve2wiUBNGl94Z4xA0r4TqlklmHaOflxHf+eYDyylLJa6OF48eKMRxqs/57gx3XY3q4tGY2PidMpEBQMAwAsmpyNbNtF9D/I
        2bN9TTy9OnFscfDcw5hmUdhO1ri/yOGssfzKGiwK8bdqAAA=
        """,
        """
        /wAX4jsJQ8wAAM0pADbTGRn3am+bkJdw/wAV0ToNUMwACdI6BUPFJyHjamiZiol3swAPoTgZdc1AU99rR2edTzmqa1OUeWCKTAAGYjUqpc2XtfKtn5dn
        hFhebTeNYSmkAAAAMjM2ys7X///e4bs/rHAlbiKIUAC3AAAAITI6187u///v+MgxungRbhuGSgC+
        """,
        """
        T2eMfTgyc5BPYpCFPzluhzdUo6hkTGJsF0G72JRmUUgAM877uHlELQAu1P3FgEAs
        """);

    /// <summary>Uncompressed.</summary>
    public static readonly PillowPicture Tiff = new(
        """
        SUkqAAgAAAAKAAABBAABAAAACAAAAAEBBAABAAAABgAAAAIBAwADAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAAAgAAABEBBAABAAAAjAAAABUBAwAB
        AAAAAwAAABYBBAABAAAABgAAABcBBAABAAAAkAAAABwBAwABAAAAAQAAAAAAAAAIAAgACAD/ABfiOwlDzAAAzSkANtMZGfdqb5uQl3D/ABXROg1QzAAJ
        0joFQ8UnIeNqaJmKiXezAA+hOBl1zUBT32tHZ51POaprU5R5YIpMAAZiNSqlzZe18q2fl2eEWF5tN41hKaQAAAAyMzbKztf//97huz+scCVuIohQALcA
        AAAhMjrXzu7//+/4yDG6eBFuG4ZKAL4=
        """,
        """
        /wAX4jsJQ8wAAM0pADbTGRn3am+bkJdw/wAV0ToNUMwACdI6BUPFJyHjamiZiol3swAPoTgZdc1AU99rR2edTzmqa1OUeWCKTAAGYjUqpc2XtfKtn5dn
        hFhebTeNYSmkAAAAMjM2ys7X///e4bs/rHAlbiKIUAC3AAAAITI6187u///v+MgxungRbhuGSgC+
        """,
        """
        T2eMfTgyc5BPYpCFPzluhzdUo6hkTGJsF0G72JRmUUgAM877uHlELQAu1P3FgEAs
        """);

    /// <summary>Nine colours, 4 bits.</summary>
    public static readonly PillowPicture PalettePng = new(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGBAMAAAAMK8LIAAAAG1BMVEXZ4Lg70S2hildrX4rhFxB/J2JgJYUiNJkjBVlx8si9AAAAHElEQVR4nGNwESw3
        YoASZsYMrQyqaQwdDEoQAgBW1gXrPeJGPwAAAABJRU5ErkJggg==
        """,
        """
        4RcQ4RcQO9EtO9EtIjSZIjSZa1+KoYpX4RcQ4RcQO9EtO9EtIjSZIjSZa1+KoYpX4RcQ4RcQO9EtO9Eta1+KYCWFa1+Ka1+KIwVZfydi2eC42eC4oYpX
        fydiYCWFYCWFIwVZIwVZ2eC42eC4oYpXoYpXYCWFYCWFIwVZIwVZ2eC42eC4oYpXoYpXYCWFYCWF
        """,
        """
        U1ORkTo6Z4tTU5GROjpni1NTkZFnQmdnGEjZ2YtIQkIYGNnZi4tCQhgY2dmLi0JC
        """);

    /// <summary>1 bit.</summary>
    public static readonly PillowPicture BlackAndWhitePng = new(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGAQAAAADWfuJWAAAAFElEQVR4nGMIYlBiMme6zcTG9A8AC8QCkwe0ObgAAAAASUVORK5CYII=
        """,
        """
        AAAA////AAAA////AAAAAAAA////AAAAAAAAAAAA////AAAAAAAAAAAA////AAAAAAAA////AAAA////////AAAAAAAA////AAAAAAAA////////AAAA
        ////AAAAAAAAAAAAAAAA////////////AAAA////AAAAAAAAAAAA////////////AAAAAAAAAAAA
        """,
        """
        AP8A/wAA/wAAAP8AAAD/AAD/AP//AAD/AAD//wD/AAAAAP///wD/AAAA////AAAA
        """);

    public static PillowPicture Named(string name) => name switch
    {
        nameof(Jpeg) => Jpeg,
        nameof(GreyJpeg) => GreyJpeg,
        nameof(CmykJpeg) => CmykJpeg,
        nameof(RotatedJpeg) => RotatedJpeg,
        nameof(WebPWithAlpha) => WebPWithAlpha,
        nameof(Tiff) => Tiff,
        nameof(PalettePng) => PalettePng,
        nameof(BlackAndWhitePng) => BlackAndWhitePng,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such picture."),
    };

    public byte[] FileBytes => Convert.FromBase64String(File);

    public byte[] Pixels(int channels) => Convert.FromBase64String(channels == 1 ? Grey : Rgb);
}
