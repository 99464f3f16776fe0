using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

/// <summary>The files that PyTorch and TorchSharp made for these tests with make_files.py.</summary>
internal static class StoredFile
{
    internal static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Weights", "Files");

    internal static string Of(string name) => Path.Combine(Folder, name);

    internal static WeightsFile Load(string name) => WeightsFile.Load(Of(name));

    internal static double[] Doubles(this Tensor tensor)
    {
        // TorchSharp's accessor does not support empty tensors.
        if (tensor.numel() == 0) return [];
        using var scope = NewDisposeScope();
        return tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}
