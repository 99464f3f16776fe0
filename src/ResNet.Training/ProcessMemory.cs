using System.Diagnostics;

namespace ResNet.Training;

/// <summary>The memory of this process.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// Returns the most memory that the process has had in RAM so far, in bytes (Linux: <c>VmHWM</c>); null if the system does not say.
    /// </summary>
    internal static long? PeakBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 is > 0 and var bytes ? bytes : null;
    }
}
