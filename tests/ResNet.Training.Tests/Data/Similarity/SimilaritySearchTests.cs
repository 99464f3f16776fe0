using System.Numerics;
using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Testing;
using ResNet.Training.Data.Similarity;

namespace ResNet.Training.Tests.Data.Similarity;

public sealed class SimilaritySearchTests : IDisposable
{
    // The pictures of Formula, with Pillow and NumPy: resize((16, 16), BILINEAR).convert("L"), corrcoef, and a cosine transform.
    private static readonly (int A, int B)[] s_pictures = [(1, 0), (1, 40), (2, 9), (3, 77), (2, 20)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_thumbnail_has_the_pixels_of_Pillow()
    {
        var thumbnail = Of(Formula(1, 0), 40, 24)!;
        thumbnail.Pixels[..16].ToArray().Should().Equal(2, 7, 14, 23, 32, 43, 39, 41, 55, 51, 61, 60, 67, 68, 74, 84);
        thumbnail.Pixels[^16..].ToArray().Should().Equal(54, 88, 127, 166, 152, 81, 120, 155, 182, 137, 110, 155, 187, 183, 118, 91);
        thumbnail.Pixels.ToArray().Sum(pixel => pixel).Should().Be(28565);
        thumbnail.Deviation.Should().BeApproximately(49.97148707887352, 1e-9);
    }

    [Fact]
    public void The_distance_is_that_of_NumPys_correlation()
    {
        var thumbnails = Formulas();
        double[] expected = [0.17749059931644862, 0.1529684681464929, 0.8454653003117358, 0.19861314632777416];
        for (int i = 0; i < expected.Length; i++)
        {
            thumbnails[0].DistanceTo(thumbnails[i + 1]).Should().BeApproximately(expected[i], 1e-12);
            thumbnails[i + 1].DistanceTo(thumbnails[0]).Should().BeApproximately(expected[i], 1e-12);
        }
        thumbnails[0].DistanceTo(thumbnails[0]).Should().BeApproximately(0, 1e-12);
    }

    [Fact]
    public void A_hash_has_a_bit_for_each_frequency_above_its_median()
    {
        var thumbnails = Formulas();
        var hash = new PerceptualHash(thumbnails);
        thumbnails.Select(hash.Of).Should()
            .Equal(0x55a54999308206e0, 0xea9a3664cd39648c, 0x9525c99222c61830, 0x0a52344d9d31e34e, 0x20488222424c9912);
    }

    [Fact]
    public void Flat_and_tiny_images_have_no_thumbnail()
    {
        byte[] flat = new byte[32 * 32 * 3];
        Of(flat, 32, 32).Should().BeNull();
        // The line between the halves is blurred: deviations of 3.89 and of 4.39.
        byte[] Halves(byte level) => [.. Enumerable.Range(0, flat.Length).Select(i => i < flat.Length / 2 ? (byte)100 : level)];
        Of(Halves(108), 32, 32).Should().BeNull();
        Of(Halves(109), 32, 32)!.Deviation.Should().BeApproximately(Math.Sqrt(19.25), 1e-9);
        Of(new Scene(1).Draw(15, 40), 15, 40).Should().BeNull();
        Of(new Scene(1).Draw(16, 40), 16, 40).Should().NotBeNull();
    }

    [Fact]
    public void The_index_finds_exactly_the_hashes_with_at_most_eleven_different_bits()
    {
        var random = new Random(5);
        var hashes = new List<ulong>();
        while (hashes.Count < 600)
        {
            ulong hash = (ulong)random.NextInt64() << 1;
            hashes.Add(hash);
            // Up to 13 bits are changed, anywhere or in one band only.
            for (int changes = 0; changes <= 13; changes++)
            {
                ulong changed = hash;
                for (int i = 0; i < changes; i++) changed ^= 1UL << random.Next(64);
                hashes.Add(changed);
            }
        }
        var index = new HashIndex(hashes);
        var found = new List<int>();
        int pairs = 0;
        for (int i = 0; i < hashes.Count; i++)
        {
            index.ListNeighbours(i, found);
            found.Order().Should().Equal(Enumerable.Range(0, i).Where(j => BitOperations.PopCount(hashes[i] ^ hashes[j]) <= 11));
            pairs += found.Count;
        }
        pairs.Should().BeGreaterThan(2000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Copies_that_were_resized_brightened_or_cropped_are_found_and_other_pictures_are_not(bool direct)
    {
        var images = new List<Thumbnail>();
        for (int seed = 0; seed < 300; seed++)
        {
            var scene = new Scene(seed);
            images.Add(Of(scene.Draw(60, 48), 60, 48)!);
            if (seed % 3 == 0) images.Add(Of(scene.Draw(30, 24, brightness: 1.05), 30, 24)!);
            if (seed % 6 == 0) images.Add(Of(scene.Draw(58, 46, margin: 0.02), 58, 46)!);
        }
        var groups = Group(images, direct);
        groups.Should().HaveCount(100);
        groups.Select(group => group.Length).Should().Equal(Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 3 : 2));
        groups[0].Should().Equal(0, 1, 2);
        groups[1].Should().Equal(5, 6);
    }

    [Fact]
    public void Pictures_that_are_similar_by_nature_need_a_smaller_distance()
    {
        // Variations of one picture in 40 directions, as photographs of coats; and ten true copies.
        var random = new Random(3);
        double[][] directions =
            [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, 256).Select(_ => random.NextDouble() - 0.5).ToArray())];
        byte[] coat = [.. Of(new Scene(1).Draw(16, 16), 16, 16)!.Pixels];
        var images = new List<Thumbnail>();
        for (int i = 0; i < 1500; i++)
        {
            double[] weights = [.. directions.Select(_ => 10 * (random.NextDouble() - 0.5))];
            images.Add(new Thumbnail([.. coat.Select((level, place) =>
                (byte)Math.Clamp(level + weights.Zip(directions, (weight, direction) => weight * direction[place]).Sum(), 0, 255))]));
        }
        for (int i = 0; i < 10; i++)
            images.Add(new Thumbnail([.. images[100 * i].Pixels.ToArray().Select(level => (byte)Math.Min(255, level + 1))]));
        images[0].DistanceTo(images[1]).Should().BeLessThan(SimilarityLimit.Largest);
        SimilarityLimit.Choose(images, 2, default).Should().Be(SimilarityLimit.Largest / 4);
        var groups = Group(images, direct: true);
        groups.Where(group => group[^1] >= 1500).Should().BeEquivalentTo(
            Enumerable.Range(0, 10).Select(i => new[] { 100 * i, 1500 + i }), options => options.WithStrictOrdering());
        groups.Sum(group => group.Length).Should().BeLessThan(75, "at most 5 % of the images are reported");
    }

    [Fact]
    public void The_frames_of_videos_are_groups()
    {
        // Ten clips of 40 frames, in which the view moves by 3 % of the picture.
        var images = new List<Thumbnail>();
        for (int frame = 0; frame < 400; frame++)
            images.Add(Of(new Scene(frame / 40).Draw(32, 32, margin: frame % 40 * 0.0008), 32, 32)!);
        SimilarityLimit.Choose(images, 2, default).Should().Be(SimilarityLimit.Largest);
        Group(images, direct: true).Select(group => group.Length).Should().Equal(Enumerable.Repeat(40, 10));
    }

    [Fact]
    public void Few_images_have_groups_too()
    {
        Group([], direct: null).Should().BeEmpty();
        var one = Of(new Scene(1).Draw(32, 32), 32, 32)!;
        Group([one], direct: null).Should().BeEmpty();
        Group([one, Of(new Scene(2).Draw(32, 32), 32, 32)!], direct: null).Should().BeEmpty();
        Group([one, Of(new Scene(1).Draw(64, 64), 64, 64)!], direct: null).Should().ContainSingle().Which.Should().Equal(0, 1);
    }

    private static List<int[]> Group(List<Thumbnail> images, bool? direct) => SimilaritySearch.Group(images, 2, default, direct);

    private List<Thumbnail> Formulas() => [.. s_pictures.Select(picture => Of(Formula(picture.A, picture.B), 40, 24)!)];

    private Thumbnail? Of(byte[] pixels, int width, int height)
    {
        string path = _folder.Write("picture.png", PngEncoder.Encode(pixels, width, height, 3));
        using var image = ImageDecoder.Open(path, 3);
        return Thumbnail.Of(image);
    }

    private static byte[] Formula(int a, int b) =>
    [
        .. from y in Enumerable.Range(0, 24)
           from x in Enumerable.Range(0, 40)
           from level in new[] { (x * 5 * a) + (y * 3), (x * y) + b, (x * x * a) + (y * 7) }
           select (byte)level,
    ];
}
