using System.Runtime.InteropServices;
using NetVips;

namespace ResNet.Imaging.Decoding;

/// <summary>The process's one initialisation of libvips, the native library behind NetVips.</summary>
internal static class VipsLibrary
{
    private static readonly Lazy<bool> s_initialisation = new(Initialise);

    /// <summary>Loads and initialises libvips on the first call.</summary>
    /// <exception cref="DllNotFoundException">libvips is missing or too old.</exception>
    internal static void EnsureInitialised() => _ = s_initialisation.Value;

    private static bool Initialise()
    {
        if (!ModuleInitializer.VipsInitialized)
            throw new DllNotFoundException(
                "libvips, which decodes images, cannot be loaded: reference the package "
                + $"{NativePackage()} in the application.",
                ModuleInitializer.Exception);
        // Older versions cannot block the loaders that are not hardened against malicious files.
        if (!NetVips.NetVips.AtLeastLibvips(8, 13))
            throw new DllNotFoundException(
                $"libvips is version {NetVips.NetVips.Version(0)}.{NetVips.NetVips.Version(1)}; 8.13 or newer is needed, such as that of "
                + $"the package {NativePackage()}.");

        // Each image is read once, so a cache of operations would only waste memory. The images of a batch are decoded in
        // parallel, so one image needs no threads of its own.
        Cache.Max = 0;
        NetVips.NetVips.Concurrency = 1;
        NetVips.NetVips.BlockUntrusted = true;
        // Warnings about odd but readable files (a colour profile, a tag) would be printed across the progress bar.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, (_, _, _) => { });
        return true;
    }

    // Linux distributions that build .NET themselves give it other runtime identifiers than those in the packages' names.
    private static string NativePackage()
    {
        var linux = RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl" : "linux";
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : linux;
        return $"NetVips.Native.{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
