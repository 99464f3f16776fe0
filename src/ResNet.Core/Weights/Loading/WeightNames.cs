using System.Globalization;
using System.Text.RegularExpressions;

namespace ResNet.Core.Weights.Loading;

/// <summary>Finds a network's tensors in a file with other names.</summary>
internal static partial class WeightNames
{
    // No real file has as many wrappers and prefixes. Without a limit, a name that repeats a prefix would be searched again for each.
    private const int MaximumDepth = 16;

    // The keys under which training scripts keep a state dict, beside optimizers and counters.
    private static readonly string[] s_wrappers = ["state_dict.", "model_state_dict.", "model.", "model_ema.", "net."];

    // The prefixes that torch.nn.DataParallel, torch.optim.swa_utils.AveragedModel and torch.compile put before every name.
    private static readonly string[] s_prefixes = ["module.", "_orig_mod."];

    // torchvision and timm call the classifier fc. The other names come from Idelbayev's networks for CIFAR-10, timm's later networks
    // and Hugging Face's.
    private static readonly (string Theirs, string Ours)[] s_classifiers =
        [("linear.", "fc."), ("head.fc.", "fc."), ("classifier.1.", "fc.")];

    /// <summary>Pairs the file's names with the network's names.</summary>
    /// <param name="stored">The names in the file.</param>
    /// <param name="isOwn">Returns whether the network has a tensor of a name.</param>
    /// <returns>The file's names with the network's names for them; names outside of a wrapper are left out.</returns>
    internal static List<(string Stored, string Name)> Translate(IEnumerable<string> stored, Func<string, bool> isOwn)
    {
        var names = stored.Select(name => (Stored: name, Name: name)).ToList();
        for (int depth = 0; depth < MaximumDepth && !names.Any(entry => isOwn(Ours(entry.Name))); depth++)
        {
            if (s_wrappers.FirstOrDefault(IsUsed) is { } wrapper)
            {
                names = [.. names.Where(entry => entry.Name.StartsWith(wrapper, StringComparison.Ordinal))
                    .Select(entry => (entry.Stored, entry.Name[wrapper.Length..]))];
            }
            else if (s_prefixes.FirstOrDefault(IsUsed) is { } prefix)
            {
                names = [.. names.Select(entry => (
                    entry.Stored, entry.Name.StartsWith(prefix, StringComparison.Ordinal) ? entry.Name[prefix.Length..] : entry.Name))];
            }
            else
                break;
        }
        return [.. names.Select(entry => (entry.Stored, isOwn(entry.Name) ? entry.Name : Ours(entry.Name)))];

        bool IsUsed(string start) => names.Any(entry => entry.Name.StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>
    /// Returns whether a name that the network does not have belongs to a classifier, such as <c>fc.1.weight</c> or <c>head.bias</c>.
    /// </summary>
    internal static bool IsClassifier(string stored) =>
        stored.Split('.')[..^1].Any(part => part is "fc" or "linear" or "head" or "classifier");

    private static string Ours(string name)
    {
        foreach (var (theirs, ours) in s_classifiers)
        {
            if (name.StartsWith(theirs, StringComparison.Ordinal)) return ours + name[theirs.Length..];
        }
        return HuggingFaceStem().Match(name) is { Success: true } stem ? Layer(stem, "conv1", "bn1")
            : HuggingFaceLayer().Match(name) is { Success: true } layer
                ? Stage(layer) + Layer(layer, $"conv{Number(layer, "layer") + 1}", $"bn{Number(layer, "layer") + 1}")
            : HuggingFaceShortcut().Match(name) is { Success: true } shortcut
                ? Stage(shortcut) + Layer(shortcut, "downsample.0", "downsample.1")
            : Shortcut().Replace(name, "$1.downsample.$2.");
    }

    private static string Stage(Match match) => $"layer{Number(match, "stage") + 1}.{Number(match, "block")}.";

    private static string Layer(Match match, string convolution, string norm) =>
        $"{(match.Groups["kind"].Value == "convolution" ? convolution : norm)}.{match.Groups["rest"].Value}";

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    // The projections of many networks for CIFAR-10: https://github.com/kuangliu/pytorch-cifar, models/resnet.py.
    [GeneratedRegex(@"^(layer[0-9]{1,3}\.[0-9]{1,3})\.shortcut\.([0-9])\.")]
    private static partial Regex Shortcut();

    // transformers/models/resnet/modeling_resnet.py; without the first word if the file is of the backbone alone.
    [GeneratedRegex(@"^(?:resnet\.)?embedder\.embedder\.(?<kind>convolution|normalization)\.(?<rest>\w+)$")]
    private static partial Regex HuggingFaceStem();

    [GeneratedRegex(
        @"^(?:resnet\.)?encoder\.stages\.(?<stage>[0-9]{1,3})\.layers\.(?<block>[0-9]{1,3})"
        + @"\.layer\.(?<layer>[0-9])\.(?<kind>convolution|normalization)\.(?<rest>\w+)$")]
    private static partial Regex HuggingFaceLayer();

    [GeneratedRegex(
        @"^(?:resnet\.)?encoder\.stages\.(?<stage>[0-9]{1,3})\.layers\.(?<block>[0-9]{1,3})"
        + @"\.shortcut\.(?<kind>convolution|normalization)\.(?<rest>\w+)$")]
    private static partial Regex HuggingFaceShortcut();
}
