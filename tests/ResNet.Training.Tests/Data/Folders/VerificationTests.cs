using ResNet.Imaging.Decoding;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Tests.Data.Known;

namespace ResNet.Training.Tests.Data.Folders;

public sealed class VerificationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sound_images_are_clean()
    {
        Picture("a/1.png", 1);
        Picture("b/1.png", 2);
        var report = Verify();
        report.IsClean.Should().BeTrue();
        report.Images.Should().Be(2);
        report.InOneClass.Should().BeEmpty();
    }

    [Fact]
    public void Broken_files_are_listed_in_order_with_the_reason()
    {
        Picture("a/0.png", 1);
        _folder.Write("a/1.jpg", []);
        _folder.Write("a/2.png", [.. PngEncoder.Encode(Pixels(2, 40, 40), 40, 40, 3).SkipLast(100)]);
        _folder.Write("b/1.png", "no image"u8.ToArray());
        Picture("b/2.png", 3);
        var report = Verify();
        report.IsClean.Should().BeFalse();
        report.Broken.Select(image => image.Path).Should().Equal(At("a/1.jpg"), At("a/2.png"), At("b/1.png"));
        report.Broken[0].Reason.Should().Be("the file is empty");
        report.Broken[1].Reason.Should().StartWith("the file is damaged or truncated");
        report.Broken[2].Reason.Should().Be("it is not a JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM or PBM image");
    }

    [Fact]
    public void Small_images_are_those_with_fewer_pixels_on_either_side()
    {
        Picture("a/1.png", 1, 31, 32);
        Picture("a/2.png", 2, 32, 32);
        Picture("a/3.png", 3, 64, 8);
        Verify(new VerificationOptions { MinimumSize = 32 }).TooSmall
            .Should().Equal(new SmallImage(At("a/1.png"), 31, 32), new SmallImage(At("a/3.png"), 64, 8));
        Verify().TooSmall.Should().BeEmpty();
    }

    [Fact]
    public void The_same_image_in_two_classes_is_found_however_it_is_stored()
    {
        var pixels = Pixels(1, 20, 10);
        _folder.Write("a/1.png", PngEncoder.Encode(pixels, 20, 10, 3));
        // The same pixels with another filter and other chunks.
        _folder.Write("b/copy.png", new TestPng(20, 10, TestPng.Colours.Rgb) { Filter = 4, DataChunks = 3 }.Encode(pixels));
        _folder.Write("c/turned.png", PngEncoder.Encode(pixels, 10, 20, 3));
        Picture("c/other.png", 2, 20, 10);
        var report = Verify();
        report.IsClean.Should().BeFalse();
        var found = report.InSeveralClasses.Should().ContainSingle().Which;
        found.Paths.Should().Equal(At("a/1.png"), At("b/copy.png"));
        found.Classes.Should().Equal("a", "b");
        report.InOneClass.Should().BeEmpty();
    }

    [Fact]
    public void A_grey_image_is_the_same_as_its_copy_in_colour()
    {
        byte[] grey = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 3))];
        _folder.Write("a/1.png", PngEncoder.Encode(grey, 8, 8, 1));
        _folder.Write("b/1.png", PngEncoder.Encode([.. grey.SelectMany(level => new[] { level, level, level })], 8, 8, 3));
        Verify().InSeveralClasses.Should().ContainSingle();
    }

    [Fact]
    public void Repetition_within_a_class_is_a_remark()
    {
        Picture("a/1.png", 1);
        Picture("a/2.png", 1);
        Picture("b/1.png", 2);
        var report = Verify();
        report.IsClean.Should().BeTrue();
        report.InOneClass.Should().ContainSingle().Which.Paths.Should().Equal(At("a/1.png"), At("a/2.png"));
    }

    [Fact]
    public void Several_folders_are_compared_with_each_other()
    {
        Picture("train/a/1.png", 1);
        Picture("train/b/1.png", 2);
        Picture("val/a/1.png", 2);
        Picture("val/b/1.png", 3);
        Picture("val/a/2.png", 1);
        var report = ImageFolder.Verify([.. DatasetSplits.OpenAll(_folder.Path).Select(part => part.Images)]);
        report.Images.Should().Be(5);
        report.InSeveralClasses.Should().ContainSingle().Which.Classes.Should().Equal("b", "a");
        var leak = report.InOneClass.Should().ContainSingle().Which;
        leak.Paths.Should().Equal(At("train/a/1.png"), At("val/a/2.png"));
        leak.Roots.Should().Equal(At("train"), At("val"));
    }

    [Fact]
    public void Almost_the_same_images_are_listed_across_folders_first_then_across_classes_and_do_not_make_the_data_unsound()
    {
        Draw("train/a/1.png", 1);
        Draw("train/a/1-half.png", 1, side: 24);
        Draw("train/a/2.png", 2);
        Draw("train/b/2-brighter.png", 2, brightness: 1.05);
        Draw("train/a/3.png", 3);
        Draw("train/a/3-cropped.png", 3, margin: 0.01);
        Draw("train/b/4.png", 4);
        Draw("val/a/1-third.png", 1, side: 16);
        Draw("val/b/5.png", 5);
        var report = ImageFolder.Verify([.. DatasetSplits.OpenAll(_folder.Path).Select(part => part.Images)]);
        report.IsClean.Should().BeTrue();
        report.InOneClass.Should().BeEmpty();
        report.Similar.Should().HaveCount(3);
        // One of each class in each folder comes first.
        report.Similar[0].Paths.Should().Equal(At("train/a/1-half.png"), At("val/a/1-third.png"), At("train/a/1.png"));
        report.Similar[0].Roots.Should().Equal(At("train"), At("val"));
        report.Similar[0].Classes.Should().Equal("a");
        report.Similar[1].Paths.Should().Equal(At("train/a/2.png"), At("train/b/2-brighter.png"));
        report.Similar[1].Classes.Should().Equal("a", "b");
        report.Similar[1].Roots.Should().Equal(At("train"));
        report.Similar[2].Paths.Should().Equal(At("train/a/3-cropped.png"), At("train/a/3.png"));
    }

    [Fact]
    public void Files_with_the_same_pixels_are_similar_only_together_with_another_image()
    {
        Draw("a/1.png", 1);
        Draw("a/2.png", 1);
        Draw("a/3.png", 2);
        Draw("b/4.png", 2);
        Draw("b/5.png", 2, side: 24);
        var report = Verify();
        report.InOneClass.Should().ContainSingle().Which.Paths.Should().Equal(At("a/1.png"), At("a/2.png"));
        report.InSeveralClasses.Should().ContainSingle().Which.Paths.Should().Equal(At("a/3.png"), At("b/4.png"));
        report.Similar.Should().ContainSingle().Which.Paths.Should().Equal(At("a/3.png"), At("b/4.png"), At("b/5.png"));
    }

    [Fact]
    public void Flat_images_are_not_similar()
    {
        foreach (byte level in new byte[] { 0, 1, 2, 128, 255 })
            _folder.Write($"a/{level}.png", PngEncoder.Encode([.. Enumerable.Repeat(level, 32 * 32 * 3)], 32, 32, 3));
        Draw("b/1.png", 1);
        Verify().Similar.Should().BeEmpty();
    }

    [Fact]
    public void The_report_is_the_same_whatever_the_number_of_workers()
    {
        for (var i = 0; i < 60; i++)
        {
            if (i % 7 == 0) _folder.Write($"c{i % 3}/{i}.png", [1, 2, 3]);
            else if (i % 5 == 0) Draw($"c{i % 3}/{i}.png", i % 4, side: 16 + i);
            else Picture($"c{i % 3}/{i}.png", i % 10);
        }
        var one = Verify(new VerificationOptions { Workers = 1, MinimumSize = 17 });
        one.Broken.Should().NotBeEmpty();
        one.InSeveralClasses.Should().NotBeEmpty();
        one.Similar.Should().NotBeEmpty();
        foreach (var workers in new[] { 2, 8 })
            Verify(new VerificationOptions { Workers = workers, MinimumSize = 17 })
                .Should().BeEquivalentTo(one, options => options.WithStrictOrdering());
    }

    [Fact]
    public void Progress_reaches_the_total()
    {
        for (var i = 0; i < 30; i++) Picture($"a/{i}.png", i);
        var reports = new DatasetReports();
        Verify(progress: reports);
        reports.All.Should().Contain(new DatasetProgress("Checking images", 30, 30));
    }

    [Fact]
    public void It_can_be_stopped()
    {
        for (var i = 0; i < 50; i++) Picture($"a/{i}.png", i);
        using var cancellation = new CancellationTokenSource();
        var verify = () => Verify(progress: new DatasetReports(_ => cancellation.Cancel()), cancellationToken: cancellation.Token);
        verify.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Options_are_checked()
    {
        var small = () => new VerificationOptions { MinimumSize = 0 };
        small.Should().Throw<ArgumentException>().WithMessage("VerificationOptions.MinimumSize is 0, but has to be at least 1.*");
        var idle = () => new VerificationOptions { Workers = 0 };
        idle.Should().Throw<ArgumentException>().WithMessage("VerificationOptions.Workers is 0, but has to be at least 1.*");
    }

    private VerificationReport Verify(
        VerificationOptions? options = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default) =>
        new ImageFolder(_folder.Path).Verify(options, progress, cancellationToken);

    private string At(string path) => Path.Join(_folder.Path, path);

    private void Picture(string path, int seed, int width = 16, int height = 16) =>
        _folder.Write(path, PngEncoder.Encode(Pixels(seed, width, height), width, height, 3));

    private void Draw(string path, int scene, int side = 48, double margin = 0, double brightness = 1) =>
        _folder.Write(path, new Scene(scene).ToPng(side, side, margin, brightness));

    private static byte[] Pixels(int seed, int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return pixels;
    }
}
