using System.Globalization;
using System.Text.RegularExpressions;

namespace ResNet.Core.Weights.Loading;

/// <summary>Finds a network's tensors in a file with other names.</summary>
internal static partial class WeightNames
{
    // The longest name of a network here, Hugging Face's, has ten parts. Without a limit, a name of very many parts would be searched
    // again for each.
    private const int MaximumParts = 12;

    // A file may have a tensor under each of as many prefixes, of which the best are looked at.
    private const int MaximumCandidates = 16;

    // The keys under which training scripts keep a state dict, beside optimizers and counters. If several fit equally, the first is taken.
    private static readonly string[] s_wrappers = ["state_dict", "model_state_dict", "model", "model_ema", "net"];

    // The prefixes that torch.nn.DataParallel, torch.optim.swa_utils.AveragedModel and torch.compile put before every name.
    private static readonly string[] s_wholeModels = ["module", "_orig_mod"];

    // The names that programs give to a network within a larger module: Lightning's modules, mmpretrain, MoCo, SimSiam, DINO.
    private static readonly string[] s_members =
        ["backbone", "encoder", "network", "resnet", "encoder_q", "base_encoder", "student", "ema", "ema_model"];

    // torchvision and timm call the classifier fc. The other names come from Idelbayev's networks for CIFAR-10, timm's later networks
    // and Hugging Face's.
    private static readonly (string Theirs, string Ours)[] s_classifiers =
        [("linear.", "fc."), ("head.fc.", "fc."), ("classifier.1.", "fc.")];

    /// <summary>Pairs the file's names with the network's names, after the prefix that makes the most of them fit.</summary>
    /// <param name="stored">The names in the file.</param>
    /// <param name="isOwn">Returns whether the network has a tensor of a name.</param>
    /// <param name="hasShape">Returns whether the file's tensor has the shape of the network's; null for always.</param>
    internal static TranslatedNames Translate(
        IEnumerable<string> stored, Func<string, bool> isOwn, Func<string, string, bool>? hasShape = null)
    {
        string[] names = [.. stored];
        string prefix = BestPrefix(names, isOwn, hasShape ?? ((_, _) => true));
        List<(string Stored, string Name)> pairs = [.. names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => (name, Own(name[prefix.Length..], isOwn)))];
        foreach (string name in names.Where(name => !name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            // Names beside the prefix may fit from there on: mmpretrain has its classifier beside the backbone.
            int common = CommonParts(prefix, name);
            string own = Own(name[common..], isOwn);
            if (isOwn(own) || s_wholeModels.Contains(prefix[common..].Split('.')[0])) pairs.Add((name, own));
        }
        return new TranslatedNames(prefix, pairs);
    }

    /// <summary>
    /// Returns whether a name that the network does not have belongs to a classifier, such as <c>fc.1.weight</c> or <c>head.bias</c>.
    /// </summary>
    internal static bool IsClassifier(string stored) =>
        stored.Split('.')[..^1].Any(part => part is "fc" or "linear" or "head" or "classifier");

    private static string BestPrefix(string[] names, Func<string, bool> isOwn, Func<string, string, bool> hasShape)
    {
        // The numbers of names and of shapes that fit.
        var fits = new Dictionary<string, (int Names, int Shapes, int Order)> { [""] = (0, 0, 0) };
        foreach (string name in names)
        {
            if (WeightsLoader.IsOptional(name)) continue;
            int start = name.Length;
            for (int part = 0; part < MaximumParts && start > 1; part++)
            {
                start = name.LastIndexOf('.', start - 2) + 1;
                string own = Own(name[start..], isOwn);
                if (!isOwn(own)) continue;
                var (count, shapes, order) = fits.GetValueOrDefault(name[..start], (0, 0, fits.Count));
                fits[name[..start]] = (count + 1, shapes + (hasShape(name, own) ? 1 : 0), order);
            }
        }
        return fits
            .OrderByDescending(entry => entry.Value.Names).ThenByDescending(entry => entry.Value.Shapes)
            .ThenBy(entry => Rank(entry.Key), StringComparer.Ordinal).ThenBy(entry => entry.Value.Order)
            .Take(MaximumCandidates)
            .FirstOrDefault(entry => IsPlausible(entry.Key, entry.Value.Names)).Key ?? "";

        // Within a foreign network, a part may have a few names of this one by chance.
        bool IsPlausible(string prefix, int fitting) =>
            prefix.Split('.')[..^1].All(part => s_wrappers.Contains(part) || s_wholeModels.Contains(part) || s_members.Contains(part))
            || 2 * fitting >= names.Count(name => name.StartsWith(prefix, StringComparison.Ordinal) && !WeightsLoader.IsOptional(name));
    }

    // Orders prefixes that fit equally: shorter ones first, and known keys before others.
    private static string Rank(string prefix) => string.Concat(prefix.Split('.')[..^1].Select(
        part => Array.IndexOf(s_wrappers, part) is >= 0 and var index ? (char)('a' + index) : 'z'));

    // The length of the parts at the beginning that a prefix and a name share.
    private static int CommonParts(string prefix, string name)
    {
        int length = 0;
        for (int i = 0; i < prefix.Length && i < name.Length && prefix[i] == name[i]; i++)
            if (name[i] == '.') length = i + 1;
        return length;
    }

    private static string Own(string name, Func<string, bool> isOwn) => isOwn(name) ? name : Ours(name);

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
