using System.IO.Compression;
using ResNet.Training.Data;
using ResNet.Training.Data.Known;

namespace ResNet.Training.Tests.Data.Known;

public sealed class IdxFileTests
{
    private static readonly byte[] TwoByThree = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 13, 14, 15];

    [Fact]
    public void The_items_follow_the_dimensions()
    {
        var file = IdxFile.Parse(TwoByThree, "a", 2, 3);
        file.Dimensions.Should().Equal(2, 3);
        file.Data.ToArray().Should().Equal(10, 11, 12, 13, 14, 15);
    }

    [Fact]
    public void A_gzip_file_is_unpacked()
    {
        var packed = new MemoryStream(Gzip(TwoByThree));
        IdxFile.ReadGzip(packed, "a.gz", 2, 3).Data.Length.Should().Be(6);
    }

    [Fact]
    public void Files_of_another_kind_are_refused_by_name()
    {
        Refusal([0, 0, 13, 1, 0, 0, 0, 0], 0).Should().Be("'a' is not an IDX file of bytes: it starts with 00000D01 instead of 000008.");
        Refusal([0, 0], 1).Should().Be("'a' is not an IDX file of bytes: it starts with 0000 instead of 000008.");
        Refusal([], 1).Should().StartWith("'a' is not an IDX file of bytes");
    }

    [Fact]
    public void Other_dimensions_than_expected_are_refused()
    {
        Refusal(TwoByThree, 3, 2).Should().Be("'a' holds [2, 3] bytes where [3, 2] are expected.");
        Refusal(TwoByThree, 6).Should().Be("'a' holds [2, 3] bytes where [6] are expected.");
    }

    [Fact]
    public void Short_and_long_files_are_refused()
    {
        Refusal(TwoByThree[..8], 2, 3).Should().Be("'a' is cut off: it has 8 bytes where its header alone has 12.");
        Refusal(TwoByThree[..^1], 2, 3).Should().Be("'a' is damaged: it has 17 bytes instead of 18.");
        Refusal([.. TwoByThree, 0], 2, 3).Should().Be("'a' is damaged: it has 19 bytes instead of 18.");
    }

    [Fact]
    public void What_is_no_gzip_file_or_half_of_one_is_refused()
    {
        var notPacked = () => IdxFile.ReadGzip(new MemoryStream(TwoByThree), "a.gz", 2, 3);
        notPacked.Should().Throw<DatasetException>().WithMessage("'a.gz' is damaged: it cannot be unpacked as a gzip file.");
        var half = () => IdxFile.ReadGzip(new MemoryStream(Gzip(TwoByThree)[..20]), "a.gz", 2, 3);
        half.Should().Throw<DatasetException>().WithMessage("'a.gz' is*");
    }

    private static string Refusal(byte[] bytes, params int[] dimensions)
    {
        var parse = () => IdxFile.Parse(bytes, "a", dimensions);
        return parse.Should().Throw<DatasetException>().Which.Message;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}
