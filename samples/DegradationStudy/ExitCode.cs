
namespace DegradationStudy;

/// <summary>What the process tells whoever started it.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>The input cannot be used; the last line on standard error says why.</summary>
    internal const int Error = 1;

    /// <summary>Stopped by SIGTERM, as machines are that are taken back; the same command goes on. The number is EX_TEMPFAIL of sysexits.h.</summary>
    internal const int ResumeMe = 75;

    /// <summary>Stopped by Ctrl-C; the same command goes on.</summary>
    internal const int Interrupted = 130;
}
