using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ResNet.Cli;
using ResNet.Cli.Commands;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;
using ResNet.Training;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;

// The first Ctrl-C, or SIGTERM, asks the work to stop; a second one ends the process at once.
using var cancellation = new CancellationTokenSource();
int interrupted = ExitCode.Interrupted;
void Stop(PosixSignalContext context)
{
    context.Cancel = !cancellation.IsCancellationRequested;
    if (!context.Cancel) ConsoleProgress.Abandon();
    if (context.Signal == PosixSignal.SIGTERM) interrupted = ExitCode.ResumeMe;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var root = new RootCommand($"""
    Trains residual networks on image folders, evaluates and compares them, says what pictures show, what networks consist of, and whether images are sound.

    Exit codes are {ExitCode.Success} (done), {ExitCode.Error} (standard error says what is wrong), {ExitCode.ResumeMe} (stopped by SIGTERM, train --resume goes on) and {ExitCode.Interrupted} (stopped by Ctrl-C).
    """)
{
    TrainCommand.Create(cancellation.Token),
    EvaluateCommand.Create(cancellation.Token),
    PredictCommand.Create(cancellation.Token),
    ExportCommand.Create(cancellation.Token),
    CompareCommand.Create(),
    SummaryCommand.Create(),
    NetworksCommand.Create(),
    DownloadCommand.Create(cancellation.Token),
    VerifyDataCommand.Create(cancellation.Token),
    PackCommand.Create(cancellation.Token),
    CompletionCommand.Create(),
};

var parsed = root.Parse(args);
if (CompletionCommand.IsAsked(args)) return parsed.Invoke();
if (parsed.CommandResult.Command == root && parsed.UnmatchedTokens is [var unknown, ..])
    return Refuse($"There is no {(unknown.StartsWith('-') ? "option" : "command")} '{unknown}': give {string.Join(", ", root.Subcommands.Select(command => command.Name))} or --help.");
if (Mistake(parsed) is { } mistake) return Refuse($"{mistake} '{parsed.CommandResult.Command.Name} --help' lists what can be given.");

NativeHeap.KeepFreedMemory();

SettingsFile? settings = null;
try
{
    settings = parsed.Action is HelpAction ? null : SettingsFile.Read(parsed);
    if (settings is not null)
    {
        parsed = root.Parse([.. args, .. settings.Arguments]);
        // The command line alone had none.
        if (Mistake(parsed) is { } wrong) return Refuse(settings.Locate(wrong));
    }
    // Help stays on standard output.
    var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = Console.Out };
    if (parsed.GetValue(JsonOutput.Option)) JsonOutput.Begin();
    // On the main thread, whose heap is the one that libtorch's large tensors fit into.
    int code = parsed.Invoke(configuration);
    // Only a run that is trained can be resumed.
    return code == ExitCode.Interrupted && parsed.CommandResult.Command.Name == "train" ? interrupted : code;
}
catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
{
    Console.Error.WriteLine("Stopped.");
    return ExitCode.Interrupted;
}
catch (Exception e) when (IsAboutInput(e))
{
    string sentence = Sentence(e, parsed.CommandResult.Command);
    return Refuse(settings is null ? sentence : settings.Locate(sentence));
}

static int Refuse(string sentence)
{
    Console.Error.WriteLine($"error: {sentence}");
    return ExitCode.Error;
}

// What is wrong with a line before anything is done.
static string? Mistake(ParseResult line) =>
    line.Errors.Count > 0 ? Explain(line.Errors[0])
    : line.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => option.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) is { } blank
        ? $"{blank.Option.Name} is empty, but has to be a value."
        : null;

// A value of the wrong kind is told in words, not by the name of a .NET type.
static string Explain(ParseError error)
{
    if (error.SymbolResult is not OptionResult { Tokens: [var token], Option: var option }) return error.Message;
    return $"{option.Name} is '{token.Value}', but has to be {OptionKind.Describe(option, token.Value)}.";
}

// What a user can mend; anything else is a defect and shows where it came from.
static bool IsAboutInput(Exception e) =>
    e is DatasetException or ImageDecodingException or TransformException or RunFolderException or CheckpointException or WeightsFileException or WeightsDownloadException
        or ArithmeticException or IOException or UnauthorizedAccessException or HttpRequestException
        or ExternalException or DllNotFoundException
    || (e is ArgumentException && IsOurs(e.TargetSite?.DeclaringType));

static bool IsOurs(Type? type) =>
    type?.Namespace is { } name && name.StartsWith("ResNet", StringComparison.Ordinal);

// .NET appends the parameter's name to the message of an ArgumentException, which means nothing on a command line.
static string Sentence(Exception e, Command command)
{
    string message = e.Message;
    // libtorch's own words name a line of its source.
    if (e is ExternalException && (message.Contains("alloc_cpu", StringComparison.Ordinal) || message.Contains("overflowed", StringComparison.Ordinal) || message.Contains("out of memory", StringComparison.Ordinal)))
        return "There is not enough memory for that: choose smaller images, a smaller batch, a smaller network or fewer classes.";
    if (e is not ArgumentException) return message;
    int suffix = message.IndexOf(" (Parameter '", StringComparison.Ordinal);
    return WithOptions(suffix < 0 ? message : message[..suffix], command);
}

// The library names a property of its options; on the command line it is what was typed that has to be named.
static string WithOptions(string message, Command command)
{
    var property = Regex.Match(message, @"^\w+\.(?<name>\w+) is ");
    if (!property.Success) return message;
    string option = property.Groups["name"].Value switch
    {
        "MinimumSize" => "--min-size",
        "InputChannels" => "--channels",
        "OnUnreadableImage" => "--on-unreadable",
        "AccumulateBatches" => "--accumulate",
        "Patience" => "--early-stopping",
        "Alpha" => message.StartsWith("CutMix", StringComparison.Ordinal) ? "--cutmix" : "--mixup",
        var name => "-" + Regex.Replace(name, "[A-Z]", letter => "-" + letter.Value.ToLowerInvariant()),
    };
    return command.Options.Any(known => known.Name == option)
        ? $"{option} is {message[property.Length..]}".Replace(", or null to ", ", or left out to ", StringComparison.Ordinal)
        : message;
}
