using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Formats.Storage;
using ResNet.Core.Weights.Loading;
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

    /// <summary>Writes the weights, beside the file first and then renamed over it.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="metadata">Texts to keep with the weights; safetensors alone can.</param>
    /// <param name="format">
    /// How to lay the file out. Default: safetensors. What <see cref="WeightsFormat.PyTorch"/> gives, <c>torch.load(…, weights_only=True)</c> reads.
    /// </param>
    /// <exception cref="ArgumentException">The format cannot hold the texts, or is not written.</exception>
    /// <exception cref="IOException">The file cannot be written; one that was there stays.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public void SaveWeights(string path, IReadOnlyDictionary<string, string>? metadata = null, WeightsFormat format = WeightsFormat.Safetensors)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        WeightsFile.Save(path, state_dict(), metadata, format);
    }

    /// <summary>
    /// Reads the weights from a file of any <see cref="WeightsFormat"/>, one tensor after the other. Files of other writers fit too: a state
    /// dict under <c>state_dict</c>, <c>model_state_dict</c>, <c>model</c>, <c>model_ema</c> or <c>net</c>, names that begin with <c>module.</c> or <c>_orig_mod.</c>, a
    /// classifier called <c>linear</c> or <c>head.fc</c>, and the names of Hugging Face's ResNet. Of several state dicts the first in that order is taken.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="strict">
    /// Whether a file that does not fit is refused, which is the default; nothing is changed then. Batch counts of batch norms
    /// (<c>num_batches_tracked</c>) may always be missing or left over, so that batch norms and frozen ones exchange weights. Otherwise
    /// what fits is loaded and the report says what does not; a file of which nothing fits is refused all the same.
    /// </param>
    /// <param name="newClassifier">
    /// Whether the file may have a classifier for another number of classes, of other layers, or none: this network's keeps the weights
    /// that it has then.
    /// </param>
    /// <returns>What was loaded, and what was not.</returns>
    /// <exception cref="WeightsFileException">The file cannot be read, or its names or shapes are not the network's.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public LoadReport LoadWeights(string path, bool strict = true, bool newClassifier = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var file = StoredWeights.Open(path);
        var own = state_dict();
        var found = new Dictionary<string, StoredTensor>();
        var unexpected = new List<string>();
        // Where a file has a tensor under its own name and under another one that stands for it, its own counts.
        foreach (var (stored, name) in WeightNames.Translate(file.Tensors.Keys, own.ContainsKey).OrderByDescending(entry => entry.Stored.EndsWith(entry.Name, StringComparison.Ordinal)))
        {
            if (!(own.ContainsKey(name) && found.TryAdd(name, file.Tensors[stored])) && !IsOptional(name)) unexpected.Add(stored);
        }
        bool isAnother = HasAnotherClassifier(own, found);
        var report = Compare(file, own, found, unexpected, newClassifier && isAnother);
        Refuse(report, strict, isAnother);

        using var _ = no_grad();
        // Storage by storage, since one that several tensors share is read whole.
        foreach (string name in report.Loaded.GroupBy(name => found[name].Storage).SelectMany(group => group))
        {
            using var scope = NewDisposeScope();
            own[name].copy_(file.Read(found[name]));
        }
        return report;
    }

    // Of another number of classes, or of other names, but not one of which only a part is there.
    private static bool HasAnotherClassifier(Dictionary<string, Tensor> own, Dictionary<string, StoredTensor> found)
    {
        var classifier = own.Where(entry => IsClassifier(entry.Key)).ToList();
        return classifier.All(entry => !found.ContainsKey(entry.Key))
            || classifier.All(entry => found.TryGetValue(entry.Key, out var stored) && IsSameButForClasses(stored.Shape, entry.Value.shape));
    }

    private static LoadReport Compare(
        StoredWeights file, Dictionary<string, Tensor> own, Dictionary<string, StoredTensor> found, List<string> unexpected, bool keepsClassifier)
    {
        var missing = own.Keys.Where(name => !found.ContainsKey(name) && !IsOptional(name)).ToList();
        var mismatched = own.Where(entry => found.ContainsKey(entry.Key)).Select(entry => Mismatch(entry.Key, found[entry.Key], entry.Value)).OfType<TensorMismatch>().ToList();
        var unfit = mismatched.Select(mismatch => mismatch.Name).ToHashSet();
        return new LoadReport
        {
            Path = file.Path,
            Format = file.Format,
            Loaded = [.. own.Keys.Where(name => found.ContainsKey(name) && !unfit.Contains(name) && !(keepsClassifier && IsClassifier(name)))],
            Missing = missing,
            Unexpected = unexpected,
            Mismatched = mismatched,
            ClassifierKept = keepsClassifier,
        };
    }

    private static void Refuse(LoadReport report, bool strict, bool isAnotherClassifier)
    {
        bool Matters(string name) => !(report.ClassifierKept && IsClassifier(name));
        string problems = LoadReport.Describe(
            [.. report.Missing.Where(Matters)],
            [.. report.Mismatched.Where(mismatch => Matters(mismatch.Name))],
            [.. report.Unexpected.Where(name => !(report.ClassifierKept && WeightNames.IsClassifier(name)))]);
        if (problems.Length > 0 && (strict || report.Loaded.Count == 0))
        {
            bool isOnlyThat = isAnotherClassifier && report.Unexpected.All(WeightNames.IsClassifier)
                && report.Missing.Concat(report.Mismatched.Select(mismatch => mismatch.Name)).All(IsClassifier);
            throw new WeightsFileException(report.Path, $"does not fit this network: {problems}{(isOnlyThat ? "; newClassifier: true accepts another classifier" : "")}");
        }
    }

    private static TensorMismatch? Mismatch(string name, StoredTensor stored, Tensor own)
    {
        if (!stored.Shape.SequenceEqual(own.shape)) return new TensorMismatch(name, Shape(stored.Shape), Shape(own.shape));
        // Whole numbers in the place of weights are quantised ones, which mean nothing without their scale.
        return own.is_floating_point() == is_floating_point(stored.Storage.Type) ? null : new TensorMismatch(name, stored.Storage.Type.ToString(), own.dtype.ToString());
    }

    private static bool IsSameButForClasses(long[] stored, long[] own) => stored.Length == own.Length && stored[0] != own[0] && stored.AsSpan(1).SequenceEqual(own.AsSpan(1));

    private static bool IsClassifier(string name) => name.StartsWith($"{nameof(fc)}.", StringComparison.Ordinal);

    // Batch counts, and how many models an average was made of.
    private static bool IsOptional(string name) => name.EndsWith(BatchCount, StringComparison.Ordinal) || name == "n_averaged";
}
