namespace ResNet.Cli;

/// <summary>The exit codes of the command, and of the degradation study, which compiles this file too.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>The input cannot be used; the last line on standard error says why.</summary>
    internal const int Error = 1;

    /// <summary>Stopped by SIGTERM, for example on a preempted machine: the run can be resumed. EX_TEMPFAIL of sysexits.h.</summary>
    internal const int ResumeMe = 75;

    /// <summary>Stopped by Ctrl-C; the results so far are kept.</summary>
    internal const int Interrupted = 130;
}
