namespace ResNet.Cli;

/// <summary>A sentence about an error of the input, and the option that it is about.</summary>
/// <param name="Sentence">The whole sentence.</param>
/// <param name="Option">The option's name, such as <c>--epochs</c>; null if the sentence is about several or none.</param>
/// <param name="Fault">What follows the option's name in the sentence; null if it does not begin with it.</param>
internal sealed record Mistake(string Sentence, string? Option = null, string? Fault = null)
{
    /// <summary>Makes a sentence that begins with the name of an option or argument.</summary>
    internal static Mistake About(string option, string fault) => new($"{option} {fault}", option, fault);
}
