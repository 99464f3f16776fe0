using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class ImageReaderTests
{
    private readonly byte[] _file = PngEncoder.Encode(Motif.Pixels(300, 200, 3), 300, 200, 3);

    [Fact]
    public void A_stream_is_read_from_its_position_to_its_end_however_it_comes()
    {
        using var stream = new Dribble([1, 2, 3, .. _file]);
        stream.Position = 3;
        using var reader = new ImageReader(channels: 3);
        reader.Open("one", stream);
        (reader.Width, reader.Height, reader.Channels).Should().Be((300, 200, 3));
        var view = reader.Read(new Area(0, 0, 300, 200));
        var expected = Motif.Pixels(300, 200, 3);
        for (int y = 0; y < 200; y++) view.Row(0, y, 300).SequenceEqual(expected.AsSpan(y * 900, 900)).Should().BeTrue();
    }

    [Fact]
    public void A_reader_goes_on_after_an_image_that_it_cannot_read()
    {
        using var reader = new ImageReader(channels: 3);
        var open = () => reader.Open("half", new MemoryStream(_file, 0, _file.Length / 2));
        open.Should().Throw<ImageDecodingException>().WithMessage("Cannot read the image 'half': the file is damaged or truncated*");
        open = () => reader.Open("nothing", new MemoryStream());
        open.Should().Throw<ImageDecodingException>().WithMessage("Cannot read the image 'nothing': *");
        open = () => reader.Open("cut", new Dribble(_file) { FailsAt = 100 });
        open.Should().Throw<ImageDecodingException>().WithMessage("Cannot read the image 'cut': the line is down.");
        reader.Open("whole", new MemoryStream(_file));
        reader.Width.Should().Be(300);
    }

    [Fact]
    public void A_reader_without_an_image_says_so()
    {
        using var reader = new ImageReader(channels: 3);
        ShouldBeClosed();
        reader.Open("whole", new MemoryStream(_file));
        var open = () => reader.Open("half", new MemoryStream(_file, 0, _file.Length / 2));
        open.Should().Throw<ImageDecodingException>();
        ShouldBeClosed();
        reader.Open("whole", new MemoryStream(_file));
        reader.Dispose();
        ShouldBeClosed();

        void ShouldBeClosed()
        {
            foreach (var use in new Func<int>[] { () => reader.Width, () => reader.Height, () => reader.Read(new Area(0, 0, 1, 1)).Stride })
                use.Should().Throw<InvalidOperationException>().WithMessage("No image is open: *");
        }
    }

    [Theory]
    [InlineData(0, 0, 301, 200)]
    [InlineData(0, 0, 300, 201)]
    [InlineData(-1, 0, 10, 10)]
    [InlineData(0, -1, 10, 10)]
    [InlineData(0, 0, 0, 10)]
    [InlineData(0, 0, 10, 0)]
    [InlineData(int.MaxValue, 0, 10, 10)]
    [InlineData(0, int.MaxValue, 10, 10)]
    [InlineData(10, 10, int.MaxValue, 10)]
    public void An_area_beyond_the_image_is_refused(int left, int top, int width, int height)
    {
        byte[] jpeg = RandomJpeg.Draw(new Random(1), JpegContents.Photograph);
        foreach (byte[] file in new[] { _file, jpeg })
        {
            using var reader = new ImageReader(channels: 3);
            reader.Open("image", new MemoryStream(file));
            // The JPEG image is smaller than the other, so the area lies beyond both.
            var read = () => reader.Read(new Area(left, top, width, height)).Stride;
            read.Should().Throw<ArgumentOutOfRangeException>()
                .WithMessage("The area has to have at least one pixel and to lie in the image of *");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_reader_is_for_grey_or_colour(int channels)
    {
        var make = () => new ImageReader(channels);
        make.Should().Throw<ArgumentOutOfRangeException>().WithMessage("An image is read as 1 channel (grey) or 3 (RGB).*");
    }

    // A stream that gives a few bytes at a time, as a network does.
    private sealed class Dribble(byte[] bytes) : MemoryStream(bytes)
    {
        internal int FailsAt { get; init; } = int.MaxValue;

        public override int Read(byte[] buffer, int offset, int count) =>
            Position >= FailsAt ? throw new IOException("the line is down.") : base.Read(buffer, offset, Math.Min(count, 97));
    }
}
