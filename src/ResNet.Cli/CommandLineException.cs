namespace ResNet.Cli;

/// <summary>A request on the command line that cannot be met; the message is one sentence that says what to enter instead.</summary>
internal sealed class CommandLineException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The name of the option that the sentence is about; null if it is about several or none.</summary>
    internal string? Option { get; init; }

    /// <summary>What follows the option's name in the sentence; null if it does not begin with it.</summary>
    internal string? Fault { get; init; }

    /// <summary>Returns an exception whose sentence begins with an option's name.</summary>
    /// <param name="option">The name, such as <c>--image-size</c>.</param>
    /// <param name="fault">The rest of the sentence, such as <c>is 0, but has to be at least 1.</c></param>
    internal static CommandLineException About(string option, string fault) =>
        new($"{option} {fault}") { Option = option, Fault = fault };
}
