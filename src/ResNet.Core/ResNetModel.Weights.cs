using ResNet.Core.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core;

public sealed partial class ResNetModel
{
    // How many batches a batch norm has seen, which it has no use for: frozen norms do not count, and files may lack it.
    private const string BatchCount = ".num_batches_tracked";

    /// <summary>
    /// Parameters and running statistics in torchvision's order: module by module, a batch norm's statistics beside
    /// its weight and bias.
    /// </summary>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        destination ??= [];
        Collect(this, string.IsNullOrEmpty(prefix) ? "" : prefix + ".", destination);
        return destination;

        static void Collect(Module module, string prefix, Dictionary<string, Tensor> destination)
        {
            foreach (var (name, parameter) in module.named_parameters(false)) destination.TryAdd(prefix + name, parameter);
            foreach (var (name, buffer) in module.named_buffers(false)) destination.TryAdd(prefix + name, buffer);
            foreach (var (name, child) in module.named_children()) Collect(child, $"{prefix}{name}.", destination);
        }
    }

    /// <summary>Writes the weights as a safetensors file, beside its target first and then renamed over it.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="metadata">Text to keep with the weights.</param>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public void SaveWeights(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        WeightsFile.Save(path, state_dict(), metadata);
    }

    /// <summary>
    /// Reads the weights from a safetensors file. Nothing is changed where they do not fit; only the batch counts of batch norms
    /// (<c>num_batches_tracked</c>) may be missing or left over, so that batch norms and frozen ones exchange weights.
    /// </summary>
    /// <exception cref="WeightsFileException">The file cannot be read, or its names or shapes are not the network's.</exception>
    public void LoadWeights(string path)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var file = WeightsFile.Load(path);
        var own = state_dict();
        var problems = own.Keys.Where(name => !file.Tensors.ContainsKey(name) && !IsOptional(name)).Select(name => $"{name} is missing")
            .Concat(file.Tensors.Keys.Where(name => !own.ContainsKey(name) && !IsOptional(name)).Select(name => $"{name} is not in the network"))
            .Concat(own.Where(entry => file.Tensors.TryGetValue(entry.Key, out var stored) && !stored.shape.SequenceEqual(entry.Value.shape))
                .Select(entry => $"{entry.Key} is {Shape(file.Tensors[entry.Key])} instead of {Shape(entry.Value)}"))
            .ToList();
        if (problems.Count > 0)
        {
            string more = problems.Count > 3 ? $" and {problems.Count - 3} more" : "";
            throw new WeightsFileException(path, $"does not fit this network: {string.Join(", ", problems.Take(3))}{more}");
        }
        using var _ = no_grad();
        foreach (var (name, tensor) in own)
        {
            if (file.Tensors.TryGetValue(name, out var stored)) tensor.copy_(stored);
        }
    }

    private static bool IsOptional(string name) => name.EndsWith(BatchCount, StringComparison.Ordinal);
}
