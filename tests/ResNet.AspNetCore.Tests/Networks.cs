using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Testing;
using TorchSharp;

namespace ResNet.AspNetCore.Tests;

/// <summary>Files of networks with random weights for pictures of 32 × 32 pixels, cut out of 40 × 40.</summary>
public sealed class Networks : IDisposable
{
    internal static readonly string[] Classes = [.. Enumerable.Range(0, 10).Select(i => $"class {i}")];

    private readonly TemporaryFolder _folder = new();

    public Networks() => (First, Second, Tiny) = (Save("first", 1), Save("second", 2), Save("tiny", 1, "resnet18"));

    /// <summary>A file.</summary>
    internal string First { get; }

    /// <summary>A file of the same network with other weights.</summary>
    internal string Second { get; }

    /// <summary>A file of a network whose last map has a single pixel.</summary>
    internal string Tiny { get; }

    public void Dispose() => _folder.Dispose();

    private string Save(string name, int seed, string architecture = "resnet20")
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(seed);
        using var network = ResNets.Create(architecture, classes: Classes.Length, seed: seed);
        RandomNorms.Draw(network);
        network.eval();
        string path = _folder.File($"{name}/{name}.inference.safetensors");
        network.SaveForInference(path, new InferenceExportOptions
        {
            Classes = Classes,
            Preprocessing = new Preprocessing(40, 32, ImageInterpolation.Bilinear, [0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f]),
        });
        return path;
    }
}
