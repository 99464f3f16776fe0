using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Packs;
using ResNet.Training.Tests.Data.Known;

namespace ResNet.Training.Tests.Data.Packs;

public sealed class PackWriterTests : IDisposable
{
    private readonly PackedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_is_the_same_whatever_the_number_of_workers()
    {
        for (var i = 0; i < 100; i++) _folder.Add($"images/b/more-{i}.png", 5 + (i % 30), 40 - (i % 13), i);
        _folder.Reopen();
        foreach (var options in new[] { new PackOptions(), new PackOptions { ShorterSide = 16, Channels = 1 } })
        {
            var expected = Pack(options with { Workers = 1 });
            foreach (var workers in new[] { 2, 3, 8 }) Pack(options with { Workers = workers }).Should().Equal(expected);
        }
    }

    [Fact]
    public void Progress_reaches_the_total()
    {
        var reports = new DatasetReports();
        ImagePack.Write(_folder.Images, _folder.Pack, progress: reports);
        reports.All.Should().Contain(new DatasetProgress($"Packing {_folder.Images.Root}", _folder.Images.Count, _folder.Images.Count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void The_first_image_that_cannot_be_read_is_named_and_the_former_file_stays(int workers)
    {
        var former = Pack(new PackOptions());
        foreach (var index in new[] { 14, 15, 20 }) File.WriteAllBytes(_folder.Images.Samples[index].Path, [1, 2, 3]);
        var write = () => ImagePack.Write(_folder.Images, _folder.Pack, new PackOptions { Workers = workers });
        write.Should().Throw<ImageDecodingException>().Which.Path.Should().Be(_folder.Images.Samples[14].Path);
        Untouched(former);
    }

    [Fact]
    public void Images_that_cannot_be_read_are_left_out_and_told_where_that_is_asked_for()
    {
        var bad = new[] { 2, 9, 15 };
        File.WriteAllBytes(_folder.Images.Samples[2].Path, [1, 2, 3]);
        File.WriteAllBytes(_folder.Images.Samples[9].Path, []);
        File.Delete(_folder.Images.Samples[15].Path);
        var skipped = ImagePack.Write(_folder.Images, _folder.Pack, new PackOptions { OnUnreadableImage = OnUnreadableImage.Skip });
        skipped.Select(failure => failure.Path).Should().Equal(bad.Select(index => _folder.Images.Samples[index].Path));
        skipped[2].Reason.Should().Be("there is no such file");
        using var pack = ImagePack.Open(_folder.Pack);
        var kept = Enumerable.Range(0, _folder.Images.Count).Except(bad).ToList();
        pack.Names.Should().Equal(kept.Select(index => Path.GetRelativePath(_folder.Images.Root, _folder.Images.Samples[index].Path)));
        pack.CountPerClass.Sum().Should().Be(kept.Count);
        pack.IsMadeFrom(_folder.Images).Should().BeTrue("the pack also lists the images that could not be read");
    }

    [Fact]
    public void A_class_that_loses_all_its_images_is_refused_by_name()
    {
        var former = Pack(new PackOptions());
        foreach (var sample in _folder.Images.Samples.Where(sample => sample.Label == 1)) File.WriteAllBytes(sample.Path, [1, 2, 3]);
        var write = () => ImagePack.Write(_folder.Images, _folder.Pack, new PackOptions { OnUnreadableImage = OnUnreadableImage.Skip });
        var first = _folder.Images.Samples.First(sample => sample.Label == 1).Path;
        write.Should().Throw<DatasetException>()
            .WithMessage($"None of the images of 'b' in '{_folder.Images.Root}' can be read. Cannot read the image '{first}': *.");
        Untouched(former);
    }

    [Fact]
    public void Nothing_to_pack_is_refused()
    {
        var write = () => ImagePack.Write(_folder.Images.Subset([]), _folder.Pack);
        write.Should().Throw<DatasetException>().WithMessage($"There are no images of '{_folder.Images.Root}' to pack.");
    }

    [Fact]
    public void Cancelling_leaves_the_former_file_and_no_other()
    {
        var former = Pack(new PackOptions());
        using var cancellation = new CancellationTokenSource();
        var write = () => ImagePack.Write(
            _folder.Images, _folder.Pack, new PackOptions { Workers = 1 }, new DatasetReports(_ => cancellation.Cancel()),
            cancellation.Token);
        write.Should().Throw<OperationCanceledException>();
        Untouched(former);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told_in_a_sentence()
    {
        var nowhere = Path.Join(_folder.At("no"), "such", "folder.safetensors");
        var write = () => ImagePack.Write(_folder.Images, nowhere);
        write.Should().Throw<IOException>().WithMessage($"The file '{nowhere}' cannot be written: its folder does not exist.");
        var here = () => ImagePack.Write(_folder.Images, _folder.Images.Root);
        here.Should().Throw<IOException>().WithMessage($"The file '{_folder.Images.Root}' cannot be written: it is a folder.");
    }

    [Fact]
    public void Options_are_checked()
    {
        var side = () => new PackOptions { ShorterSide = 0 };
        side.Should().Throw<ArgumentException>().WithMessage("PackOptions.ShorterSide is 0, but has to be at least 1.");
        var channels = () => new PackOptions { Channels = 2 };
        channels.Should().Throw<ArgumentException>().WithMessage("PackOptions.Channels is 2, but has to be 1 (grey) or 3 (colour).*");
        var workers = () => new PackOptions { Workers = 0 };
        workers.Should().Throw<ArgumentException>().WithMessage("PackOptions.Workers is 0, but has to be at least 1.*");
        var unreadable = () => new PackOptions { OnUnreadableImage = (OnUnreadableImage)7 };
        unreadable.Should().Throw<ArgumentException>().WithMessage("PackOptions.OnUnreadableImage is 7, but has to be one of Fail, Skip.*");
    }

    private byte[] Pack(PackOptions options)
    {
        ImagePack.Write(_folder.Images, _folder.Pack, options);
        return File.ReadAllBytes(_folder.Pack);
    }

    private void Untouched(byte[] former)
    {
        File.ReadAllBytes(_folder.Pack).Should().Equal(former);
        Directory.GetFiles(Path.GetDirectoryName(_folder.Pack)!).Should().Equal(_folder.Pack);
    }
}
