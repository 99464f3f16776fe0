using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace ResNet;

/// <summary>
/// An option, or another argument that a user chooses, has a value that is not accepted. The message is one sentence with its name, the
/// value and what is accepted: <c>TrainerOptions.Epochs is 0, but has to be at least 1.</c>
/// </summary>
public sealed class InvalidOptionException : ArgumentException
{
    /// <summary>Refuses a value.</summary>
    /// <param name="owner">The name of the type that the option is of.</param>
    /// <param name="property">The name of the property, or of a method's parameter.</param>
    /// <param name="value">The value that is refused.</param>
    /// <param name="accepted">What would be accepted, to be read after "has to be".</param>
    public InvalidOptionException(string owner, string property, object? value, string accepted)
        : base($"{owner}.{property} is {Text(value)}, but has to be {accepted}.") =>
        (Owner, Property, Value, Accepted) = (owner, property, value, accepted);

    /// <summary>The name of the type that the option is of, such as <c>TrainerOptions</c>.</summary>
    public string Owner { get; }

    /// <summary>The name of the property, or of a method's parameter, such as <c>Epochs</c>.</summary>
    public string Property { get; }

    /// <summary>The value that was refused.</summary>
    public object? Value { get; }

    /// <summary>What would be accepted, such as <c>at least 1</c>.</summary>
    public string Accepted { get; }

    /// <summary>The same as <see cref="Property"/>.</summary>
    public override string? ParamName => Property;

    /// <summary>Writes a value, in the same way in every language.</summary>
    internal static string Text(object? value) => value switch
    {
        null => "null",
        string text => $"'{text}'",
        bool holds => holds ? "true" : "false",
        ITuple tuple => $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Text(tuple[i])))})",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
