namespace ResNet.Cli;

/// <summary>What the command line asks for cannot be done; the message is one sentence that says what to give instead.</summary>
internal sealed class CommandLineException(string message, Exception? inner = null) : Exception(message, inner);
