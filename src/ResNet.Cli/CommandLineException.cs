namespace ResNet.Cli;

/// <summary>A request on the command line that cannot be met; the message is one sentence that says what to enter instead.</summary>
internal sealed class CommandLineException(string message, Exception? inner = null) : Exception(message, inner);
