using System.Numerics;
using System.Runtime.CompilerServices;
using ResNet.Core.Blocks;

namespace ResNet.Core;

/// <summary>What options are checked for, and how a refusal reads.</summary>
internal static class OptionChecks
{
    /// <summary>More channels than any network has: a weight of so many by so many would not fit into any memory.</summary>
    internal const int MaximumChannels = 1 << 20;

    internal static int AtLeastOne(string owner, int value, [CallerMemberName] string property = "") =>
        value >= 1 ? value : throw Refused(owner, property, value, "at least 1");

    /// <summary>A probability that is not certainty.</summary>
    internal static double Rate(string owner, double value, [CallerMemberName] string property = "") =>
        value is >= 0 and < 1 ? value : throw Refused(owner, property, value, "at least 0 and less than 1");

    internal static T Defined<T>(string owner, T value, [CallerMemberName] string property = "") where T : struct, Enum =>
        Enum.IsDefined(value) ? value : throw Refused(owner, property, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    internal static Norm NotNull(string owner, Norm? value, [CallerMemberName] string property = "") =>
        value ?? throw Refused(owner, property, null, "Norm.Batch, Norm.Group(…), Norm.FrozenBatch, Norm.Folded or Norm.From(…)");

    /// <summary>Channels of a bottleneck's 3×3 convolution.</summary>
    internal static long BottleneckWidth(long width, long widthPerGroup, long groups) => width * widthPerGroup / BlockOptions.StandardWidthPerGroup * groups;

    /// <summary>Refuses what basic blocks do not have, and bottlenecks without channels or with more than memory can hold.</summary>
    internal static void BlockFits(string owner, bool bottleneck, IReadOnlyList<int> widths, int groups, int widthPerGroup, StridePlacement placement)
    {
        if (!bottleneck)
        {
            Require(groups == 1, owner, nameof(BlockOptions.Groups), groups, "1 for basic blocks");
            Require(widthPerGroup == BlockOptions.StandardWidthPerGroup, owner, nameof(BlockOptions.WidthPerGroup), widthPerGroup, $"{BlockOptions.StandardWidthPerGroup} for basic blocks");
            Require(placement == StridePlacement.Conv3x3, owner, nameof(BlockOptions.StridePlacement), placement, "Conv3x3 for basic blocks, which have no 1×1 convolution");
            return;
        }
        int least = widths.Min();
        Require(
            BottleneckWidth(least, widthPerGroup, 1) >= 1, owner, nameof(BlockOptions.WidthPerGroup), widthPerGroup,
            $"at least {(BlockOptions.StandardWidthPerGroup + least - 1) / least} for a width of {least}");
        int most = widths.Max();
        Require(
            BottleneckWidth(most, widthPerGroup, 1) <= MaximumChannels, owner, nameof(BlockOptions.WidthPerGroup), widthPerGroup,
            $"so small that a width of {most} gives no more than {MaximumChannels} channels");
        Require(
            BottleneckWidth(most, widthPerGroup, groups) <= MaximumChannels, owner, nameof(BlockOptions.Groups), groups,
            $"so small that a width of {most} and {widthPerGroup} per group give no more than {MaximumChannels} channels");
    }

    internal static void Require(bool holds, string owner, string property, object value, string accepted)
    {
        if (!holds) throw Refused(owner, property, value, accepted);
    }

    internal static ArgumentException Refused(string owner, string property, object? value, string accepted) =>
        new(FormattableString.Invariant($"{owner}.{property} is {value ?? "null"}, but has to be {accepted}."), property);

    internal static string List<T>(IEnumerable<T>? values) where T : INumber<T> => values is null ? "null" : new NumberList<T>(values).ToString();
}
