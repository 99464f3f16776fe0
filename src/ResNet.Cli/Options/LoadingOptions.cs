using System.CommandLine;
using ResNet.Training.Data;

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

    internal static Option<OnUnreadableImage> OnUnreadable() => new("--on-unreadable")
    {
        Description = "What an image that cannot be read does: fail ends the run, skip leaves it out of its batch.",
        HelpName = "fail|skip",
        DefaultValueFactory = _ => OnUnreadableImage.Fail,
    };
}
