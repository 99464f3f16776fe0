using ResNet.Core;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

/// <summary>A network with random weights and statistics, and its file for inference.</summary>
internal sealed class SavedNetwork : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ResNetModel _exact;

    internal SavedNetwork(string name, int classes = 10) : this(ResNets.Create(name, classes: classes, seed: 1))
    {
    }

    /// <summary>Saves a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="draw">Whether its norms get random numbers.</param>
    internal SavedNetwork(ResNetModel network, bool draw = true)
    {
        Network = network;
        manual_seed(1);
        if (draw) RandomNorms.Draw(network);
        network.eval();
        File = Path.Combine(_folder.Path, "network.safetensors");
        network.SaveForInference(File);
        _exact = new ResNetModel(network.Options with { DType = ScalarType.Float64 });
        _exact.load_state_dict(network.state_dict());
        _exact.eval();
    }

    internal ResNetModel Network { get; }

    internal string File { get; }

    /// <summary>Compares the scores of random images with those that the network gives in double precision.</summary>
    /// <remarks>In single precision libtorch has errors of its own, on some machines large ones: see ResNet.Core's OneDnn.</remarks>
    /// <returns>The largest deviation, relative to the largest score.</returns>
    internal double Deviation(InferenceModel model, int images, int height, int width)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var input = randn(images, model.Channels, height, width);
        double[] expected = _exact.call(input.to(ScalarType.Float64)).data<double>().ToArray();
        var scores = new float[images * model.ClassCount];
        model.Run(input.data<float>().ToArray(), images, height, width, scores);
        return expected.Zip(scores, (left, right) => Math.Abs(left - right)).Max() / expected.Max(Math.Abs);
    }

    public void Dispose()
    {
        Network.Dispose();
        _exact.Dispose();
        _folder.Dispose();
    }
}
