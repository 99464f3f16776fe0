namespace ResNet.Cli;

/// <summary>A request on the command line that cannot be met; the message is one sentence that says what to enter instead.</summary>
/// <param name="mistake">The sentence, and the option that it is about.</param>
/// <param name="inner">The cause, if any.</param>
internal sealed class CommandLineException(Mistake mistake, Exception? inner = null) : Exception(mistake.Sentence, inner)
{
    /// <summary>Makes an exception about several options or none.</summary>
    internal CommandLineException(string message, Exception? inner = null)
        : this(new Mistake(message), inner)
    {
    }

    /// <summary>The sentence, and the option that it is about.</summary>
    internal Mistake Mistake => mistake;

    /// <summary>Returns an exception whose sentence begins with an option's name.</summary>
    /// <param name="option">The name, such as <c>--image-size</c>.</param>
    /// <param name="fault">The rest of the sentence, such as <c>is 0, but has to be at least 1.</c></param>
    internal static CommandLineException About(string option, string fault) => new(Mistake.About(option, fault));
}
