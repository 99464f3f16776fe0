using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Data.Packs;

public sealed class ImagePackTests : IDisposable
{
    private readonly PackedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int> Recipes()
    {
        var rows = new TheoryData<string, int>();
        foreach (var name in new[] { "None", "Flip", "ShiftAndFlip", "CropAndFlip", "TrivialAugmentWide", "RandAugment", "Bicubic" })
        {
            rows.Add(name, 1);
            rows.Add(name, 3);
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_pack_gives_the_bytes_that_its_folder_gives(string recipe, int channels)
    {
        var normalize = channels == 3 ? Normalize.ImageNet : Normalize.Grey;
        var transforms = recipe switch
        {
            "TrivialAugmentWide" => Presets.Training(16, normalize, new TrivialAugmentWide(), randomErasing: 0.5),
            "RandAugment" => Presets.Training(16, normalize, new RandAugment()),
            "Bicubic" => Presets.Evaluation(16, 20, normalize, ImageInterpolation.Bicubic),
            _ => Enum.Parse<Augmentation>(recipe).Transforms(16, 18, normalize),
        };
        using var pack = _folder.WriteAndOpen(new PackOptions { Channels = channels });
        var options = new ImageLoaderOptions { BatchSize = 5, Channels = channels, Seed = 7, Workers = 2 };
        foreach (var shuffle in new[] { false, true })
        {
            var expected = Bytes(new ImageLoader(_folder.Images.Samples, transforms, options with { Shuffle = shuffle }));
            foreach (var workers in new[] { 1, 2, 8 })
                Bytes(new ImageLoader(pack, transforms, options with { Shuffle = shuffle, Workers = workers })).Should().Equal(expected);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Larger_images_become_what_Resize_makes_of_them_and_smaller_ones_stay(int channels)
    {
        const int Side = 24;
        using var pack = _folder.WriteAndOpen(new PackOptions { ShorterSide = Side, Channels = channels });
        pack.ShorterSide.Should().Be(Side);
        pack.Channels.Should().Be(channels);
        using var file = WeightsFile.Load(_folder.Pack);
        var (sizes, offsets, pixels) = (Values<int>(file, "sizes"), Values<long>(file, "offsets"), Values<byte>(file, "pixels"));
        var kinds = new HashSet<bool>();
        for (var i = 0; i < pack.Images; i++)
        {
            var expected = _folder.Decode(i, channels, out var height, out var width);
            bool isLarger = Math.Min(height, width) > Side;
            kinds.Add(isLarger);
            if (isLarger) (expected, height, width) = Resize(expected, height, width, channels, Side);
            pack.Size(i).Should().Be(new ImageSize(height, width));
            sizes[(2 * i)..(2 * i + 2)].Should().Equal(height, width);
            pixels[(int)offsets[i]..(int)offsets[i + 1]].Should().Equal(expected);
        }
        kinds.Should().HaveCount(2, "the folder has images of both kinds");
    }

    [Fact]
    public void It_is_a_safetensors_file_with_the_tensors_that_are_documented()
    {
        using var pack = _folder.WriteAndOpen();
        using var file = WeightsFile.Load(_folder.Pack);
        var count = _folder.Images.Count;
        file.Format.Should().Be(WeightsFormat.Safetensors);
        file.Tensors.Keys.Should().Equal("pixels", "offsets", "labels", "sizes", "checksums", "names");
        file.Tensors["sizes"].shape.Should().Equal(count, 2);
        Values<long>(file, "labels").Should().Equal(_folder.Images.Samples.Select(sample => (long)sample.Label));
        Values<long>(file, "offsets").Should().HaveCount(count + 1).And.StartWith(0);
        string.Concat(pack.Names.Select(name => name + '\0')).Should().Be(System.Text.Encoding.UTF8.GetString(Values<byte>(file, "names")));
        System.Text.Json.JsonSerializer.Deserialize<string[]>(file.Metadata["classes"]).Should().Equal(_folder.Images.Classes);
        file.Metadata["source"].Should().Be(_folder.Images.Root);
        (file.Metadata["format"], file.Metadata["version"], file.Metadata["channels"], file.Metadata["shorter_side"])
            .Should().Be(("resnet-pack", "1", "3", "0"));
        var (checksums, offsets, pixels) = (Values<long>(file, "checksums"), Values<long>(file, "offsets"), Values<byte>(file, "pixels"));
        for (var i = 0; i < count; i++)
            Crc32C(pixels.AsSpan((int)offsets[i], (int)(offsets[i + 1] - offsets[i]))).Should().Be((uint)checksums[i]);
        Crc32C("123456789"u8).Should().Be(0xE3069283, "this is the check value of CRC-32C");
    }

    [Fact]
    public void Tensors_begin_where_their_numbers_may()
    {
        using var pack = _folder.WriteAndOpen(new PackOptions { Channels = 1 });
        var file = File.ReadAllBytes(_folder.Pack);
        var header = PackHeader.Read(new MemoryStream(file), out var dataStart);
        (dataStart % 8).Should().Be(0);
        (header.PixelBytes % 8).Should().Be(0);
        (dataStart + header.DataBytes).Should().Be(file.Length);
    }

    [Fact]
    public void It_knows_its_images_and_what_it_was_made_from()
    {
        using var pack = _folder.WriteAndOpen();
        pack.Path.Should().Be(_folder.Pack);
        pack.Classes.Should().Equal("a", "b", "c", "ä \"quoted\"");
        pack.Images.Should().Be(_folder.Images.Count);
        pack.CountPerClass.Should().Equal(_folder.Images.CountPerClass);
        (pack.Channels, pack.ShorterSide, pack.Source).Should().Be((3, null, _folder.Images.Root));
        pack.Names.Should().Equal(
            _folder.Images.Samples.Select(sample => Path.GetRelativePath(_folder.Images.Root, sample.Path).Replace('\\', '/')));
        var beyond = () => pack.Size(pack.Images);
        beyond.Should().Throw<ArgumentOutOfRangeException>();
        pack.Names.Should().Contain("ä \"quoted\"/ünïcödé-3-🐈.png");
    }

    [Fact]
    public void It_is_made_from_a_folder_until_that_changes()
    {
        using var pack = _folder.WriteAndOpen();
        pack.IsMadeFrom(_folder.Images).Should().BeTrue();
        pack.IsMadeFrom(_folder.Images.Subset(Enumerable.Range(0, 10))).Should().BeFalse();

        var (path, content) = (_folder.Images.Samples[3].Path, File.ReadAllBytes(_folder.Images.Samples[3].Path));
        File.WriteAllBytes(path, [.. content, 0]);
        pack.IsMadeFrom(_folder.Reopen()).Should().BeFalse("a file has another length");
        File.WriteAllBytes(path, content);
        pack.IsMadeFrom(_folder.Reopen()).Should().BeTrue();
        File.Move(path, path + ".png");
        pack.IsMadeFrom(_folder.Reopen()).Should().BeFalse("a file has another name");
        File.Move(path + ".png", path);
        pack.IsMadeFrom(_folder.Reopen()).Should().BeTrue();
        File.Delete(path);
        pack.IsMadeFrom(_folder.Images).Should().BeFalse("a file is missing");
        pack.IsMadeFrom(_folder.Reopen()).Should().BeFalse("a file is missing");
        _folder.Write(path, content);
        _folder.Add("images/d/1.png", 8, 8, 1);
        pack.IsMadeFrom(_folder.Reopen()).Should().BeFalse("there is another class");
    }

    [Fact]
    public void A_link_counts_as_what_it_leads_to()
    {
        var elsewhere = _folder.Write("elsewhere.png", PngEncoder.Encode(PackedFolder.Noise(300, 1), 10, 10, 3));
        File.CreateSymbolicLink(_folder.At("images/a/link.png"), elsewhere);
        _folder.Reopen();
        using var pack = _folder.WriteAndOpen();
        pack.IsMadeFrom(_folder.Images).Should().BeTrue();
        File.WriteAllBytes(elsewhere, PngEncoder.Encode(PackedFolder.Noise(1200, 1), 20, 20, 3));
        pack.IsMadeFrom(_folder.Images).Should().BeFalse();
    }

    [Fact]
    public void Part_of_a_folder_can_be_packed_in_any_order()
    {
        int[] indices = [9, 2, 2, 20, 0];
        ImagePack.Write(_folder.Images.Subset(indices), _folder.Pack);
        using var pack = ImagePack.Open(_folder.Pack);
        using var whole = ImagePackOf(_folder.Images);
        pack.Classes.Should().Equal(_folder.Images.Classes);
        pack.Names.Should().Equal(indices.Select(index => whole.Names[index]));
    }

    [Fact]
    public void The_same_pack_can_be_open_twice_and_be_replaced_meanwhile()
    {
        using var first = _folder.WriteAndOpen();
        using var second = ImagePack.Open(_folder.Pack);
        var (transforms, options) = (Augmentation.None.Transforms(16, 18, Normalize.ImageNet), new ImageLoaderOptions { BatchSize = 4 });
        var expected = Bytes(new ImageLoader(first, transforms, options));
        ImagePack.Write(_folder.Images.Subset([0, 1, 2, 3]), _folder.Pack);
        Bytes(new ImageLoader(second, transforms, options)).Should().Equal(expected);
        using var third = ImagePack.Open(_folder.Pack);
        third.Images.Should().Be(4);
    }

    [Fact]
    public void Closing_a_pack_while_an_epoch_is_under_way_does_no_harm()
    {
        ImagePack.Write(_folder.Images, _folder.Pack);
        var transforms = Augmentation.CropAndFlip.Transforms(16, 18, Normalize.ImageNet);
        for (var round = 0; round < 20; round++)
        {
            using var pack = ImagePack.Open(_folder.Pack);
            var loader = new ImageLoader(pack, transforms, new ImageLoaderOptions { BatchSize = 2, Workers = 4, Ahead = 1 });
            var epoch = () =>
            {
                foreach (var batch in loader.Epoch(0))
                {
                    if (batch.Index == round % 4) pack.Dispose();
                }
            };
            // An epoch that still had to read finds the pack closed; otherwise it ends as usual.
            var outcome = Record.Exception(epoch);
            (outcome is null or ObjectDisposedException).Should().BeTrue($"of {outcome}");
            epoch.Should().Throw<ObjectDisposedException>();
            pack.Dispose();
        }
    }

    [Fact]
    public void A_loader_with_other_channels_is_refused()
    {
        using var pack = _folder.WriteAndOpen(new PackOptions { Channels = 1 });
        var load = () => new ImageLoader(
            pack, Augmentation.None.Transforms(16, 18, Normalize.ImageNet), new ImageLoaderOptions { BatchSize = 4 });
        load.Should().Throw<InvalidOptionException>()
            .WithMessage($"ImageLoaderOptions.Channels is 3, but has to be 1, the number of channels of the pack '{_folder.Pack}'.");
    }

    [Fact]
    public void An_image_that_a_transform_cannot_use_is_named_with_its_pack()
    {
        using var pack = _folder.WriteAndOpen();
        var loader = new ImageLoader(pack, new Compose(new RandomCrop(1000)), new ImageLoaderOptions { BatchSize = 4 });
        var epoch = () => loader.Epoch(0).Count();
        epoch.Should().Throw<TransformException>().Which.Path.Should().Be($"{_folder.Pack}: {pack.Names[0]}");
    }

    private ImagePack ImagePackOf(ImageFolder images)
    {
        ImagePack.Write(images, _folder.At("whole.safetensors"));
        return ImagePack.Open(_folder.At("whole.safetensors"));
    }

    private static byte[] Bytes(ImageLoader loader)
    {
        var bytes = new List<byte>();
        foreach (var batch in loader.Epoch(3))
        {
            using var input = batch.ToInput(CPU);
            using var contiguous = input.contiguous();
            bytes.AddRange(contiguous.bytes);
            bytes.AddRange(batch.Labels.bytes);
        }
        return [.. bytes];
    }

    private static (byte[] Pixels, int Height, int Width) Resize(byte[] pixels, int height, int width, int channels, int side)
    {
        var size = width <= height ? new ImageSize(side * height / width, side) : new ImageSize(side, side * width / height);
        using var image = new DecodedImage(width, height, channels);
        pixels.CopyTo(image.Rows(0, height));
        var resized = new byte[size.Height * size.Width * channels];
        new Compose(new Resize(size)).Apply(image, resized);
        return (resized, size.Height, size.Width);
    }

    private static T[] Values<T>(WeightsFile file, string name)
        where T : unmanaged => [.. file.Tensors[name].data<T>()];

    // Computes it bit by bit, with Castagnoli's reflected polynomial.
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1));
        }
        return ~crc;
    }
}
