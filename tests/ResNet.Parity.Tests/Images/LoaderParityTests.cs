using System.Runtime.InteropServices;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>The inputs from a folder of images are those of torchvision's data set and PyTorch's loader, to the bit.</summary>
public sealed class LoaderParityTests : IDisposable
{
    private const int Side = 64;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_folder_of_images_becomes_torchvisions_input(int workers)
    {
        Reference.RunScript("images.py", "labelled", _folder.Path);
        var images = new ImageFolder(At("images"));
        images.Classes.Should().Equal(File.ReadAllLines(At("classes.txt")));
        string[] paths = [.. images.Samples.Select(sample => Path.GetRelativePath(_folder.Path, sample.Path).Replace('\\', '/'))];
        paths.Should().Equal(File.ReadAllLines(At("paths.txt")));

        var options = new ImageLoaderOptions { BatchSize = 8, Workers = workers };
        var (labels, input) = Load(new ImageLoader(images.Samples, Presets.Evaluation(Side, 72), options));
        labels.Should().Equal(MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(At("labels.i64"))).ToArray());
        var expected = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(At("input.f32"))).ToArray();
        input.Should().HaveSameCount(expected);
        const int length = 3 * Side * Side;
        paths.Where((_, i) => !Bits(input, i, length).SequenceEqual(Bits(expected, i, length))).Should().BeEmpty();
    }

    private static (List<long> Labels, float[] Input) Load(ImageLoader loader)
    {
        var (labels, input) = (new List<long>(), new List<float>());
        foreach (var batch in loader.Epoch(0))
        {
            using var scope = NewDisposeScope();
            labels.AddRange(batch.Labels.data<long>());
            input.AddRange(batch.ToInput(CPU).contiguous().data<float>());
        }
        return (labels, [.. input]);
    }

    private static ReadOnlySpan<int> Bits(float[] values, int image, int length) =>
        MemoryMarshal.Cast<float, int>(values.AsSpan(image * length, length));

    private string At(string name) => Path.Combine(_folder.Path, name);
}
