using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Core.Layers;

/// <summary>oneDNN, the part of libtorch that computes convolutions on x86 processors.</summary>
/// <remarks>
/// <para>
/// Some virtual machines on AMD processors hide the sizes of the caches. oneDNN 3.7.1 in libtorch 2.10 then counts one byte for each
/// (<c>setCacheHierarchy</c> in its <c>xbyak_util.h</c>), chooses blocks that its kernels cannot compute, and gives convolutions that are
/// wrong by a tenth and more, or ends the process with a division by zero. Its kernels for SSE4.1 do not ask for the caches: they are
/// right, but take two to four times as long.
/// </para>
/// <para>
/// oneDNN reads the variable once, before its first convolution. What the user has set is replaced, since all other values are wrong there.
/// </para>
/// </remarks>
internal static partial class OneDnn
{
    private const string Variable = "ONEDNN_MAX_CPU_ISA", Sse41 = "SSE41";

    // "AuthenticAMD" in EBX, EDX and ECX, and the leaf of CPUID that describes AMD's caches.
    private const int VendorBegin = 0x68747541, VendorMiddle = 0x69746E65, VendorEnd = 0x444D4163;
    private const int CacheLeaf = unchecked((int)0x8000001D);

    /// <summary>
    /// Whether oneDNN was told to compute with SSE4.1 alone, because it would compute wrongly otherwise. It does not listen any more if the
    /// program computed a convolution before its first use of this library.
    /// </summary>
    internal static bool IsLimited { get; private set; }

    /// <summary>Whether oneDNN counts one byte for the first-level cache.</summary>
    internal static bool MistakesCaches =>
        X86Base.IsSupported && IsAmd(X86Base.CpuId(0, 0)) && X86Base.CpuId(CacheLeaf, 0) is { Ebx: 0, Ecx: 0 };

    [SuppressMessage(
        "Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "It has to happen before libtorch's first convolution, whichever class of this library comes first.")]
    [ModuleInitializer]
    internal static void Prepare()
    {
        if (!MistakesCaches) return;
        // .NET keeps variables of its own on Linux, which native code does not see.
        if (OperatingSystem.IsWindows()) Environment.SetEnvironmentVariable(Variable, Sse41);
        else if (setenv(Variable, Sse41, overwrite: 1) != 0) return;
        IsLimited = true;
    }

    private static bool IsAmd((int Eax, int Ebx, int Ecx, int Edx) vendor) =>
        vendor is { Ebx: VendorBegin, Edx: VendorMiddle, Ecx: VendorEnd };

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
