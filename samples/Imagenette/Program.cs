using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Imagenette;
using ResNet.Core.Weights;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Reporting;

// The first Ctrl-C, or SIGTERM, asks the work to stop; a second one ends the process at once.
using var cancellation = new CancellationTokenSource();
int interrupted = ExitCode.Interrupted;
void Stop(PosixSignalContext context)
{
    context.Cancel = !cancellation.IsCancellationRequested;
    if (context.Signal == PosixSignal.SIGTERM) interrupted = ExitCode.ResumeMe;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var root = new RootCommand("Trains residual networks on image folders, evaluates and compares them, says what pictures show, what networks consist of, and whether images are sound.")
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
{
    Console.Error.WriteLine($"error: There is no {(unknown.StartsWith('-') ? "option" : "command")} '{unknown}': give {string.Join(", ", root.Subcommands.Select(command => command.Name))} or --help.");
    return ExitCode.Error;
}

if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine($"error: {Explain(parsed.Errors[0])} '{parsed.CommandResult.Command.Name} --help' lists what can be given.");
    return ExitCode.Error;
}

if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => option.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) is { } blank)
{
    Console.Error.WriteLine($"error: {blank.Option.Name} is empty, but has to be a value. '{parsed.CommandResult.Command.Name} --help' lists what can be given.");
    return ExitCode.Error;
}

NativeHeap.KeepFreedMemory();

try
{
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
    Console.Error.WriteLine($"error: {Sentence(e, parsed.CommandResult.Command)}");
    return ExitCode.Error;
}

// A value of the wrong kind is told in words, not by the name of a .NET type.
static string Explain(ParseError error)
{
    if (error.SymbolResult is not OptionResult { Tokens: [var token], Option: var option }) return error.Message;
    var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
    string kind =
        type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
        : type == typeof(double) ? "a number, such as 0.05"
        : type == typeof(int) ? WholeNumber(token.Value, int.MinValue, int.MaxValue)
        : type == typeof(long) ? WholeNumber(token.Value, long.MinValue, long.MaxValue)
        : "a value";
    return $"{option.Name} is '{token.Value}', but has to be {kind}.";
}

static string WholeNumber(string text, long least, long most) =>
    !BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? "a whole number"
    : number < 0 ? $"a whole number that is at least {least}"
    : $"a whole number that is at most {most}";

// What a user can mend; anything else is a defect and shows where it came from.
static bool IsAboutInput(Exception e) =>
    e is DatasetException or ImageDecodingException or TransformException or RunFolderException or CheckpointException or WeightsFileException or WeightsDownloadException
        or ArithmeticException or IOException or UnauthorizedAccessException or HttpRequestException
        or ExternalException or DllNotFoundException
    || (e is ArgumentException && IsOurs(e.TargetSite?.DeclaringType));

static bool IsOurs(Type? type) =>
    type?.Namespace is { } name && (name.StartsWith("ResNet", StringComparison.Ordinal) || name.StartsWith("Imagenette", StringComparison.Ordinal));

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
