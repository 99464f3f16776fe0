using Microsoft.Extensions.Logging;

namespace ResNet.Cli.Output;

/// <summary>Shows warnings to the user; the console reports the rest in its own way.</summary>
internal sealed class WarningLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) ConsoleProgress.WriteLine($"warning: {formatter(state, exception)}");
    }
}
