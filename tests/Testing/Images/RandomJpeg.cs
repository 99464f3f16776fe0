using static ResNet.Testing.TestJpeg;

namespace ResNet.Testing;

/// <summary>Draws JPEG files with coefficients of several kinds.</summary>
internal static class RandomJpeg
{
    /// <summary>Draws a file of any kind.</summary>
    public static byte[] Draw(Random random, JpegContents contents, int largest = 70, Sampling? sampling = null)
    {
        var jpeg = new TestJpeg(random.Next(1, largest + 1), random.Next(1, largest + 1), sampling ?? (Sampling)random.Next(4))
        {
            RestartInterval = random.Next(3) == 0 ? random.Next(1, 12) : 0,
            Codes = random.Next(2) == 0
                ? (TestCode.Even(16), TestCode.Even(256))
                : (TestCode.Uneven(16, random), TestCode.Uneven(256, random)),
            Wide = contents == JpegContents.Extreme || random.Next(4) == 0,
            OwnSegments = random.Next(2) == 0,
            FillBytes = random.Next(4) == 0 ? random.Next(1, 4) : 0,
            Quantization = (Table(random, contents), Table(random, contents)),
        };
        return jpeg.Encode(block => Fill(block, random, contents));
    }

    private static int[] Table(Random random, JpegContents contents)
    {
        var most = contents switch { JpegContents.Extreme => random.Next(3) == 0 ? 65_536 : 40, JpegContents.Noise => 4, _ => 60 };
        return [.. Enumerable.Range(0, 64).Select(_ => random.Next(contents == JpegContents.Extreme ? 0 : 1, most))];
    }

    private static void Fill(short[] block, Random random, JpegContents contents)
    {
        switch (contents)
        {
            case JpegContents.Photograph:
                block[0] = (short)random.Next(-25, 26);
                for (var k = 1; k < 64; k += random.Next(1, 20)) block[k] = (short)random.Next(-80 / (k + 2), (80 / (k + 2)) + 1);
                break;
            case JpegContents.Noise:
                for (var k = 0; k < 64; k++) block[k] = (short)random.Next(-300, 301);
                break;
            case JpegContents.Flat:
                block[0] = (short)random.Next(-40, 41);
                if (random.Next(6) == 0) block[random.Next(1, 64)] = 1;
                break;
            case JpegContents.Extreme:
                // Often only in the first row, because libjpeg-turbo has a separate path for such blocks.
                int[] firstRow = [0, 1, 5, 6, 14, 15, 27, 28];
                var count = random.Next(12);
                for (var i = 0; i < count; i++)
                {
                    var k = count < 6 ? firstRow[random.Next(8)] : random.Next(64);
                    block[k] = (short)(k == 0 ? random.Next(-16_384, 16_384) : random.Next(-32_767, 32_768) >> random.Next(10));
                }
                break;
        }
    }
}
