using System.CommandLine;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;

namespace ResNet.Cli.Options;

/// <summary>The options for reading images, which several commands have.</summary>
internal static class LoadingOptions
{
    internal static Option<int> Workers() => new("--workers")
    {
        Description = "Threads that decode images.",
        HelpName = "N",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    /// <summary>The endings of image files, separated by commas; null for those of <see cref="ImageFolder.Extensions"/>.</summary>
    internal static Option<IReadOnlyList<string>?> Extensions() => new("--extensions")
    {
        Description = "The endings of the files that count as images, such as .jpg,.gif,.heic. "
            + $"Default: {string.Join(",", ImageFolder.Extensions)}.",
        HelpName = "LIST",
        CustomParser = result => [.. result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries)],
    };

    internal static Option<OnUnreadableImage> OnUnreadable() => new("--on-unreadable")
    {
        Description = "What an image that cannot be read does: fail ends the run, skip leaves it out of its batch.",
        HelpName = "fail|skip",
        DefaultValueFactory = _ => OnUnreadableImage.Fail,
    };
}
