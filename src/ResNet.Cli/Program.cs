using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using ResNet;
using ResNet.Cli;
using ResNet.Cli.Commands;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training;
using ResNet.Training.Data;
using ResNet.Training.Distributed;

// mpirun forwards lines, and only pretends to be a terminal.
if (MpiCommunicator.IsLaunched)
{
    // Before .NET looks at it, and switches the keypad of a terminal.
    Environment.SetEnvironmentVariable("TERM", "dumb");
    Console.SetOut(new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true });
    Console.SetError(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true });
}

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

var root = new RootCommand(
    "Trains residual networks on image folders, evaluates and compares them, says what pictures show, what networks consist of, "
    + "and whether images are sound.\n\n"
    + $"Exit codes are {ExitCode.Success} (done), {ExitCode.Error} (standard error says what is wrong), "
    + $"{ExitCode.ResumeMe} (train was stopped by SIGTERM, train --resume goes on) and {ExitCode.Interrupted} (stopped by Ctrl-C). "
    + $"serve, once it listens, ends with {ExitCode.Success} after both.")
{
    TrainCommand.Create(cancellation.Token),
    FindLearningRateCommand.Create(cancellation.Token),
    EvaluateCommand.Create(cancellation.Token),
    PredictCommand.Create(cancellation.Token),
    ExportCommand.Create(cancellation.Token),
    QuantizeCommand.Create(cancellation.Token),
    ServeCommand.Create(cancellation.Token),
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
    return Refuse($"There is no {(unknown.StartsWith('-') ? "option" : "command")} '{unknown}': "
        + $"give {string.Join(", ", root.Subcommands.Select(command => command.Name))} or --help.");
if (FindMistake(parsed) is { } mistake)
    return Refuse($"{mistake.Sentence} '{parsed.CommandResult.Command.Name} --help' lists what can be given.");

NativeHeap.KeepFreedMemory();

SettingsFile? settings = null;
try
{
    settings = parsed.Action is HelpAction ? null : SettingsFile.Read(parsed);
    if (settings is not null)
    {
        parsed = root.Parse([.. args, .. settings.Arguments]);
        // The command line alone had no error.
        if (FindMistake(parsed) is { } wrong) return Refuse(settings.Locate(wrong));
    }
    // Help stays on standard output.
    var configuration = new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
        Output = Console.Out,
    };
    if (parsed.GetValue(JsonOutput.Option)) JsonOutput.Begin();
    // What all processes have to say, the first one says.
    if (!MpiCommunicator.IsFirst) Console.SetOut(TextWriter.Null);
    // A shell reads the lines of a script.
    if (parsed.CommandResult.Command.Name != "completion") TerminalWriter.Begin();
    // Runs on the main thread, because libtorch's large tensors fit into its heap only.
    int code = parsed.Invoke(configuration);
    // Only a training run can be resumed.
    return code == ExitCode.Interrupted && parsed.CommandResult.Command.Name == "train" ? interrupted : code;
}
catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
{
    Console.Error.WriteLine("Stopped.");
    return ExitCode.Interrupted;
}
catch (CommunicationException e)
{
    if (!e.HasFailed && MpiCommunicator.IsFirstWithout(e.LostRank)) Refuse(e.Message, isOfAll: false);
    // The process that has failed may wait before it says why, and the end of this one would end it.
    if (e.HasFailed) IsEndedWithin(seconds: 5);
    return e.HasFailed ? ExitCode.Error : ExitCode.ResumeMe;
}
catch (Exception e) when (Refusal.IsAboutInput(e))
{
    var described = Refusal.Describe(e, parsed);
    // Where processes do not find each other, each knows something else of it.
    bool isOfAll = e is InvalidOptionException or CommandLineException or DatasetException || !MpiCommunicator.IsOpen;
    isOfAll &= e.InnerException is not CommunicationException;
    return Refuse(settings is null ? described.Sentence : settings.Locate(described), isOfAll);
}

// What all processes refuse, the first one says, and mpirun ends the others while they wait. What another one refuses alone, such as a
// folder that its host lacks, it says after the wait.
int Refuse(string sentence, bool isOfAll = true)
{
    if (isOfAll && !MpiCommunicator.IsFirst && !cancellation.IsCancellationRequested && IsEndedWithin(seconds: 2)) return ExitCode.Error;
    Console.Error.WriteLine($"error: {sentence}");
    return ExitCode.Error;
}

// Waits until mpirun has had some seconds to end this process, after another one has ended.
bool IsEndedWithin(int seconds) =>
    cancellation.Token.WaitHandle.WaitOne(MpiCommunicator.EndsOthersAfter + TimeSpan.FromSeconds(seconds));

// Finds the errors of a command line before any work begins.
static Mistake? FindMistake(ParseResult line) =>
    line.Errors.Count > 0 ? Explain(line.Errors[0])
    : line.CommandResult.Children.FirstOrDefault(HasBlank) is { } blank
        ? Mistake.About(
            blank is OptionResult option ? option.Option.Name : ((ArgumentResult)blank).Argument.Name, "is empty, but has to be a value.")
        : null;

// If some of several pictures are missing, predict classifies the others.
static bool HasBlank(SymbolResult symbol) =>
    symbol is OptionResult or ArgumentResult { Parent: not CommandResult { Command.Name: "predict" } }
    && symbol.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value));

// A message about a value of the wrong kind describes the kind in words, not by the name of a .NET type.
static Mistake Explain(ParseError error)
{
    if (error.SymbolResult is not OptionResult { Option: var option } result) return new(error.Message);
    return result.Tokens is [var token]
        ? Mistake.About(option.Name, $"is '{token.Value}', but has to be {OptionKind.Describe(option, token.Value)}.")
        : new(error.Message, option.Name);
}
