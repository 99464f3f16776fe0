using System.Text;
using ResNet.Training.Distributed;

namespace ResNet.Cli.Output;

/// <summary>Writes to a terminal and breaks long lines between words, where the terminal itself would break them anywhere.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="width">Returns its width in characters; 0 if it is not known.</param>
internal sealed class TerminalWriter(TextWriter terminal, Func<int> width) : TextWriter
{
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => terminal.Encoding;

    /// <summary>Breaks the lines of everything that is written from now on, unless it goes to a file or another program.</summary>
    internal static void Begin()
    {
        if (MpiCommunicator.IsLaunched) return;
        // Spectre's console looks for the terminal when it is made, so this comes first.
        _ = Spectre.Console.AnsiConsole.Console;
        if (ConsoleProgress.IsTerminal) Console.SetOut(Synchronized(new TerminalWriter(Console.Out, Width)));
        if (!Console.IsErrorRedirected) Console.SetError(Synchronized(new TerminalWriter(Console.Error, Width)));
    }

    public override void Write(char value)
    {
        if (value != '\n')
        {
            _line.Append(value);
            return;
        }
        string line = _line.ToString().TrimEnd('\r');
        _line.Clear();
        foreach (string part in LineBreaks.Split(line, width())) terminal.WriteLine(part);
    }

    // The rest of a line has no line break yet.
    public override void Flush()
    {
        terminal.Write(_line.ToString());
        _line.Clear();
        terminal.Flush();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Flush();
        base.Dispose(disposing);
    }

    // Windows has no width for a console that is not there.
    private static int Width()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
