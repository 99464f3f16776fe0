using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using ResNet.Cli.Options;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;
using ResNet.Training;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;

namespace ResNet.Cli;

/// <summary>Makes one sentence, in the words of the command line, of what went wrong.</summary>
internal static class Refusal
{
    private static readonly string[] s_outOfMemory = ["alloc_cpu", "overflowed", "out of memory"];

    /// <summary>Whether a user can mend it; anything else is a defect and shows where it came from.</summary>
    internal static bool IsAboutInput(Exception e) =>
        e is CommandLineException or InvalidOptionException
            or DatasetException or ImageDecodingException or TransformException or RunFolderException
            or CheckpointException or WeightsFileException or WeightsDownloadException
            or UnauthorizedAccessException or HttpRequestException or ExternalException or DllNotFoundException
            or ArithmeticException and not (DivideByZeroException or OverflowException)
            or IOException and not FileLoadException;

    /// <summary>The sentence.</summary>
    /// <param name="e">What was thrown.</param>
    /// <param name="parsed">The line that it came of.</param>
    internal static string Sentence(Exception e, ParseResult parsed) => e switch
    {
        InvalidOptionException refused => InWordsOf(parsed, refused),
        // libtorch's own words name a line of its source.
        ExternalException when IsOutOfMemory(e.Message) =>
            "There is not enough memory for that: choose smaller images, a smaller batch, a smaller network or fewer classes.",
        RunFolderException { Problem: var problem } => e.Message + Remedy(problem),
        DatasetException { Problem: var problem } => e.Message + Remedy(problem),
        _ => e.Message,
    };

    // The library names a property of its options; on the command line it is what was typed that has to be named. What was not typed,
    // as the options of a run that is resumed, is called what the library calls it.
    private static string InWordsOf(ParseResult parsed, InvalidOptionException refused)
    {
        if (OptionTable.Find(parsed.CommandResult.Command, refused) is not { } symbol) return refused.Message;
        var typed = parsed.GetResult(symbol) is { } result ? result.Tokens : [];
        if (typed is not [{ Value: var text }]) return refused.Message;
        // Batches may have fewer images than were asked for, where some cannot be read.
        if (refused is { Owner: nameof(ResNetModel), Value: long images } && text != images.ToString(CultureInfo.InvariantCulture))
            return refused.Message;
        return $"{symbol.Name} is {(refused.Value is string ? $"'{text}'" : text)}, but has to be {refused.Accepted}.";
    }

    private static bool IsOutOfMemory(string message) => s_outOfMemory.Any(words => message.Contains(words, StringComparison.Ordinal));

    private static string Remedy(RunFolderProblem problem) => problem switch
    {
        RunFolderProblem.Missing => " Give the one that 'train' named at its end.",
        RunFolderProblem.Occupied => " Choose another one with --output, or go on with it by --resume.",
        RunFolderProblem.Foreign => " Choose another one with --output.",
        RunFolderProblem.Unwritable => " Make room or set its permissions, or choose another one with --output.",
        _ => "",
    };

    private static string Remedy(DatasetProblem problem) => problem switch
    {
        DatasetProblem.NothingToEvaluateOn => " 'train --validation-split 0.2' sets a fifth aside.",
        DatasetProblem.UnusablePack => " The command 'pack' does that.",
        _ => "",
    };
}
