using System.CommandLine;
using System.Runtime.InteropServices;
using DegradationStudy;
using ResNet;
using ResNet.Cli;
using ResNet.Imaging;
using ResNet.Training;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;

// The first Ctrl-C, or SIGTERM, asks the work to stop; a second one ends the process at once.
using var cancellation = new CancellationTokenSource();
int interrupted = ExitCode.Interrupted;
void Stop(PosixSignalContext context)
{
    if (context.Signal == PosixSignal.SIGTERM) interrupted = ExitCode.ResumeMe;
    context.Cancel = !cancellation.IsCancellationRequested;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var parsed = StudyCommand.Create(cancellation.Token).Parse(args);
if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine($"error: {parsed.Errors[0].Message} '--help' lists what can be given.");
    return ExitCode.Error;
}

NativeHeap.KeepFreedMemory();

try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
{
    Console.Error.WriteLine(StudyCommand.HowToGoOn);
    return interrupted;
}
catch (Exception e) when (IsAboutInput(e))
{
    Console.Error.WriteLine($"error: {e.Message}");
    return ExitCode.Error;
}

// Errors that a user can fix. Any other exception is a defect and shows its stack trace.
static bool IsAboutInput(Exception e) =>
    e is StudyException or InvalidOptionException or DatasetException or ImageDecodingException or CheckpointException
        or ArithmeticException or IOException or UnauthorizedAccessException or HttpRequestException or DllNotFoundException;
