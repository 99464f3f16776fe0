using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Loading;

/// <summary>Loads the tensors of a file into the tensors of a network (<see cref="ResNetModel.LoadWeights"/>).</summary>
internal static class WeightsLoader
{
    // The number of batches that a batch norm has seen. It is not used: frozen norms do not have it, and files may lack it.
    private const string BatchCount = ".num_batches_tracked";

    /// <summary>Loads a file.</summary>
    /// <param name="own">The tensors of the network, by name.</param>
    /// <param name="path">The file.</param>
    /// <param name="strict">Whether a file that does not fit is refused.</param>
    /// <param name="newClassifier">Whether the file may have another classifier or none.</param>
    /// <exception cref="WeightsFileException">The file cannot be read, or its names or shapes are not the network's.</exception>
    internal static LoadReport Load(Dictionary<string, Tensor> own, string path, bool strict, bool newClassifier)
    {
        using var file = StoredWeights.Open(path);
        var found = new Dictionary<string, StoredTensor>();
        var unreadable = new Dictionary<string, string>();
        var unexpected = new List<string>();
        // If a file has a tensor under the network's name and under a translated name, the network's name takes precedence.
        var translated = WeightNames.Translate(
            file.Tensors.Keys.Concat(file.Unreadable.Keys), own.ContainsKey,
            (stored, name) => file.Tensors.TryGetValue(stored, out var tensor) && tensor.Shape.SequenceEqual(own[name].shape));
        foreach (var (stored, name) in translated.Pairs.OrderByDescending(
            entry => entry.Stored.EndsWith(entry.Name, StringComparison.Ordinal)))
        {
            bool isTaken = own.ContainsKey(name)
                && (file.Tensors.TryGetValue(stored, out var tensor) ? found.TryAdd(name, tensor) : unreadable.TryAdd(name, stored));
            if (!isTaken && !IsOptional(name)) unexpected.Add(stored);
        }
        bool isAnother = HasAnotherClassifier(own, found);
        var report = Compare(file, own, found, unexpected, newClassifier && isAnother) with { Prefix = translated.Prefix };
        if (strict) RefuseUnreadable(file, report, unreadable);
        Refuse(file, report, strict, isAnother);

        using var _ = no_grad();
        // Tensors are read storage by storage, since a shared storage is read as a whole.
        foreach (string name in report.Loaded.GroupBy(name => found[name].Storage).SelectMany(group => group))
        {
            using var scope = NewDisposeScope();
            var stored = file.Read(found[name]);
            // Before PyTorch 0.4, a single number had one dimension.
            own[name].copy_(IsBatchCount(name) ? stored.reshape([]) : stored);
        }
        return report;
    }

    // A classifier with another number of classes or with other names; an incomplete classifier does not count.
    private static bool HasAnotherClassifier(Dictionary<string, Tensor> own, Dictionary<string, StoredTensor> found)
    {
        var classifier = own.Where(entry => IsClassifier(entry.Key)).ToList();
        return classifier.All(entry => !found.ContainsKey(entry.Key))
            || classifier.All(entry =>
                found.TryGetValue(entry.Key, out var stored) && IsSameButForClasses(stored.Shape, entry.Value.shape));
    }

    private static LoadReport Compare(
        StoredWeights file, Dictionary<string, Tensor> own, Dictionary<string, StoredTensor> found,
        List<string> unexpected, bool keepsClassifier)
    {
        var missing = own.Keys.Where(name => !found.ContainsKey(name) && !IsOptional(name)).ToList();
        var mismatched = own.Where(entry => found.ContainsKey(entry.Key))
            .Select(entry => Mismatch(entry.Key, found[entry.Key], entry.Value))
            .OfType<TensorMismatch>().ToList();
        var unfit = mismatched.Select(mismatch => mismatch.Name).ToHashSet();
        // Batch counts of other shapes stay as they are in the network.
        var unused = own.Keys.Where(name => IsBatchCount(name) && found.TryGetValue(name, out var count) && !IsSingle(count));
        unfit.UnionWith(unused);
        return new LoadReport
        {
            Path = file.Path,
            Format = file.Format,
            Loaded = [.. own.Keys.Where(name =>
                found.ContainsKey(name) && !unfit.Contains(name) && !(keepsClassifier && IsClassifier(name)))],
            Missing = missing,
            Unexpected = unexpected,
            Prefix = "",
            Mismatched = mismatched,
            ClassifierKept = keepsClassifier,
        };
    }

    private static void RefuseUnreadable(StoredWeights file, LoadReport report, Dictionary<string, string> unreadable)
    {
        string? name = report.Missing.FirstOrDefault(
            name => unreadable.ContainsKey(name) && !(report.ClassifierKept && IsClassifier(name)));
        if (name is null) return;
        string stored = unreadable[name];
        throw new WeightsFileException(
            file.Path,
            $"has the tensor '{stored}' in a form that is not read, {file.Unreadable[stored]}: "
            + "in PyTorch save it as a plain, dense tensor");
    }

    private static void Refuse(StoredWeights file, LoadReport report, bool strict, bool isAnotherClassifier)
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
            string advice = isOnlyThat ? "; newClassifier: true accepts another classifier"
                : FittingNetwork.Find(file.Tensors) is { } other ? $"; these are the weights of {other}"
                : "";
            throw new WeightsFileException(report.Path, $"does not fit this network: {problems}{advice}");
        }
    }

    private static TensorMismatch? Mismatch(string name, StoredTensor stored, Tensor own)
    {
        if (IsBatchCount(name)) return null;
        if (!stored.Shape.SequenceEqual(own.shape))
        {
            return new TensorMismatch(
                name, new NumberList<long>(stored.Shape).ToString(), new NumberList<long>(own.shape).ToString());
        }
        // Integers in place of weights are quantised weights, which are useless without their scale.
        return own.is_floating_point() == is_floating_point(stored.Storage.Type)
            ? null
            : new TensorMismatch(name, stored.Storage.Type.ToString(), own.dtype.ToString());
    }

    private static bool IsSameButForClasses(long[] stored, long[] own) =>
        stored.Length == own.Length && stored[0] != own[0] && stored.AsSpan(1).SequenceEqual(own.AsSpan(1));

    /// <summary>Returns whether a tensor of the network belongs to its classifier.</summary>
    internal static bool IsClassifier(string name) => name.StartsWith("fc.", StringComparison.Ordinal);

    private static bool IsSingle(StoredTensor tensor) => StoredTensor.Elements(tensor.Shape) == 1;

    private static bool IsBatchCount(string name) => name.EndsWith(BatchCount, StringComparison.Ordinal);

    /// <summary>Returns whether a tensor is not needed: batch counts, and the number of models in an average.</summary>
    internal static bool IsOptional(string name) => IsBatchCount(name) || name == "n_averaged";
}
