using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using ResNet.Cli.Options;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;
using ResNet.Inference;
using ResNet.Training;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli;

/// <summary>Describes an error in one sentence, in the words of the command line.</summary>
internal static class Refusal
{
    private static readonly string[] s_outOfMemory = ["alloc_cpu", "overflowed", "out of memory"];

    /// <summary>Returns whether a user can fix the error. Any other exception is a defect and shows its stack trace.</summary>
    internal static bool IsAboutInput(Exception e) =>
        e is CommandLineException or InvalidOptionException
            or DatasetException or ImageDecodingException or TransformException or RunFolderException
            or CheckpointException or WeightsFileException or WeightsDownloadException or InferenceFileException
            or InsufficientMemoryException or UnauthorizedAccessException or HttpRequestException
            or ExternalException or DllNotFoundException
            or ArithmeticException and not (DivideByZeroException or OverflowException)
            or IOException and not FileLoadException;

    /// <summary>Returns the sentence, and the option that it is about.</summary>
    /// <param name="e">The exception.</param>
    /// <param name="parsed">The command line that caused it.</param>
    internal static Mistake Describe(Exception e, ParseResult parsed) => e switch
    {
        CommandLineException wrong => wrong.Mistake,
        InvalidOptionException refused => InWordsOf(parsed, refused),
        // Other problems may be those of --validation-split, --only-in-train or single images.
        DatasetException { Problem: var problem } =>
            new(e.Message + Remedy(problem), problem is DatasetProblem.Missing or DatasetProblem.UnusablePack ? "--dataset" : null),
        RunFolderException { Problem: var problem } => new(e.Message + Remedy(problem), "--output"),
        // libtorch's own message names a line of its source.
        _ when e is InsufficientMemoryException || (e is ExternalException && IsOutOfMemory(e.Message)) =>
            new("There is not enough memory for that: choose smaller images, a smaller batch, a smaller network or fewer classes."),
        _ => new(e.Message),
    };

    // The library names a property of its options; a message of the command line has to name the option that was typed. A setting that
    // was not typed, such as an option of a resumed run, keeps the library's name.
    private static Mistake InWordsOf(ParseResult parsed, InvalidOptionException refused)
    {
        if (OptionTable.Find(parsed.CommandResult.Command, refused) is not { } symbol) return new(refused.Message);
        var typed = parsed.GetResult(symbol) is { } result ? result.Tokens : [];
        // The folder of a run follows its number of further epochs; former extensions of the run were not typed.
        if (refused is { Owner: nameof(RunExtension), Value: int epochs } && typed is [var first, _]
            && first.Value == epochs.ToString(CultureInfo.InvariantCulture))
            typed = [first];
        if (typed is not [{ Value: var text }]) return new(refused.Message);
        // Batches may have fewer images than requested, if some cannot be read.
        if (refused is { Owner: nameof(ResNetModel), Value: long images } && text != images.ToString(CultureInfo.InvariantCulture))
            return new(refused.Message);
        return Mistake.About(symbol.Name, $"is {(refused.Value is string ? $"'{text}'" : text)}, but has to be {refused.Accepted}.");
    }

    private static bool IsOutOfMemory(string message) => s_outOfMemory.Any(words => message.Contains(words, StringComparison.Ordinal));

    private static string Remedy(RunFolderProblem problem) => problem switch
    {
        RunFolderProblem.Missing => " Give the one that 'train' named at its end.",
        RunFolderProblem.Occupied => " Choose another one with --output, or go on with it by --resume.",
        RunFolderProblem.Foreign => " Choose another one with --output.",
        RunFolderProblem.Unfinished => " 'train --resume FOLDER' does that.",
        RunFolderProblem.Unwritable => " Make room or set its permissions, or choose another one with --output.",
        _ => "",
    };

    private static string Remedy(DatasetProblem problem) => problem switch
    {
        DatasetProblem.NothingToEvaluateOn => " 'train --validation-split 0.2' sets a fifth aside.",
        DatasetProblem.ClassOnlyInTrain => " 'train --only-in-train CLASS' allows that by name.",
        DatasetProblem.UnusablePack => " The command 'pack' does that.",
        _ => "",
    };
}
