using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace ResNet.Cli.Output;

/// <summary>
/// <c>--json</c>: standard output gets the results as one JSON document and nothing else; all text for people goes to standard
/// error.
/// </summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // Text is not escaped: the document is UTF-8, and not a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new FiniteNumber() },
    };

    /// <summary>The option; all commands that have it share this one.</summary>
    internal static Option<bool> Option { get; } = new("--json")
    {
        Arity = ArgumentArity.Zero,
        Description = "Writes what came out to standard output as one JSON document, and all else to standard error.",
    };

    /// <summary>Whether the option was given.</summary>
    internal static bool IsAskedFor { get; private set; }

    /// <summary>Sends all other output to standard error from now on, whichever code writes it.</summary>
    internal static void Begin()
    {
        IsAskedFor = true;
        // The order matters: Spectre's console would otherwise check whether standard output is redirected.
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        Console.SetOut(Console.Error);
    }

    /// <summary>Shows the results, in words or as the document.</summary>
    internal static void Show(object document, Action inWords)
    {
        if (IsAskedFor) Write(document);
        else inWords();
    }

    /// <summary>Writes the document if <c>--json</c> was given.</summary>
    internal static void Write(object document)
    {
        if (!IsAskedFor) return;
        // The document is written at once, so a failure before the end leaves standard output empty.
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(document, s_format), (byte)'\n'];
        using var output = Console.OpenStandardOutput();
        output.Write(text);
    }

    // JSON has no NaN.
    private sealed class FiniteNumber : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}
