using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ResNet.Training.Data.Imaging;

/// <summary>
/// The functions of libvips and GObject that this library calls, from whichever build of libvips the machine has, and
/// libvips' one initialisation. Nothing variadic: those cannot be called from .NET on every platform.
/// </summary>
internal static unsafe partial class Vips
{
    private const string VipsLibrary = "vips";
    private const string GObjectLibrary = "gobject";
    private const string GLibLibrary = "glib";

    // Before 8.13 libvips could not block the loaders that are not hardened against malicious files.
    private static readonly Version s_oldestVersion = new(8, 13);

    private static readonly nint s_vipsHandle = LoadVips();

    private static readonly Lazy<bool> s_initialisation = new(Initialise);

    internal enum BandFormat
    {
        UChar = 0,
        UShort = 2,
    }

    internal enum Interpretation
    {
        Multiband = 0,
        BlackWhite = 1,
        Cmyk = 15,
        Rgb = 17,
        Srgb = 22,
        Rgb16 = 25,
        Grey16 = 26,
    }

    /// <summary>Loads and initialises libvips on the first call; later calls cost nothing.</summary>
    /// <exception cref="DllNotFoundException">libvips is not installed, or is too old.</exception>
    public static void EnsureInitialised() => _ = s_initialisation.Value;

    /// <summary>Takes the first line of libvips' error buffer, without its "VipsJpeg: " and the like, and empties the buffer.</summary>
    public static string TakeError()
    {
        var text = vips_error_buffer_copy();
        var lines = Marshal.PtrToStringUTF8(text) ?? string.Empty;
        g_free(text);
        vips_error_clear();

        var line = lines.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault("libvips does not say where");
        var domainEnd = line.IndexOf(": ", StringComparison.Ordinal);
        return domainEnd > 0 && !line.AsSpan(0, domainEnd).Contains(' ') ? line[(domainEnd + 2)..] : line;
    }

    private static bool Initialise()
    {
        if (s_vipsHandle == 0)
            throw new DllNotFoundException(
                "libvips, which decodes the images, is not installed: on Debian and Ubuntu run "
                + "`apt-get install libvips42`, elsewhere reference the package NetVips.Native.win-x64, "
                + "NetVips.Native.osx-arm64 or the one for your platform.");
        if (vips_init("resnet") != 0)
            throw new DllNotFoundException($"libvips does not start: {TakeError()}.");

        var version = new Version(vips_version(0), vips_version(1));
        if (version < s_oldestVersion)
            throw new DllNotFoundException($"libvips is version {version}; {s_oldestVersion} or newer is needed.");

        // Every image is read once, so the cache of operations would only hold memory; and the images of a batch are
        // read in parallel, so one image needs no threads of its own.
        vips_cache_set_max(0);
        vips_concurrency_set(1);
        vips_block_untrusted_set(1);
        // Remarks about odd but readable files (a colour profile, a tag) would be printed across the progress bar.
        const int warningLevel = 1 << 4;
        _ = g_log_set_handler("VIPS", warningLevel, &IgnoreWarning, 0);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void IgnoreWarning(byte* domain, int level, byte* message, nint data)
    {
    }

    private static nint LoadVips()
    {
        NativeLibrary.SetDllImportResolver(typeof(Vips).Assembly, Resolve);
        return Load("libvips-42.dll", "libvips.42.dylib", "libvips.so.42");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name switch
    {
        VipsLibrary => s_vipsHandle,
        GObjectLibrary => Exporter("g_object_unref", "libgobject-2.0-0.dll", "libgobject-2.0.0.dylib", "libgobject-2.0.so.0"),
        GLibLibrary => Exporter("g_free", "libglib-2.0-0.dll", "libglib-2.0.0.dylib", "libglib-2.0.so.0"),
        _ => 0,
    };

    // The single-file builds export GObject and GLib from libvips itself.
    private static nint Exporter(string symbol, string windows, string macOS, string linux) =>
        NativeLibrary.TryGetExport(s_vipsHandle, symbol, out _) ? s_vipsHandle : Load(windows, macOS, linux);

    private static nint Load(string windows, string macOS, string linux)
    {
        var file = OperatingSystem.IsWindows() ? windows : OperatingSystem.IsMacOS() ? macOS : linux;
        return NativeLibrary.TryLoad(file, typeof(Vips).Assembly, null, out var handle) ? handle : 0;
    }

    /// <summary>GObject's GValue: a type and 16 bytes that belong to it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct GValue
    {
        public nuint Type;
        private readonly ulong _data0;
        private readonly ulong _data1;
    }

    [LibraryImport(VipsLibrary, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int vips_init(string name);

    [LibraryImport(VipsLibrary)]
    private static partial int vips_version(int part);

    [LibraryImport(VipsLibrary)]
    private static partial void vips_cache_set_max(int operations);

    [LibraryImport(VipsLibrary)]
    private static partial void vips_concurrency_set(int threads);

    [LibraryImport(VipsLibrary)]
    private static partial void vips_block_untrusted_set(int block);

    [LibraryImport(VipsLibrary)]
    private static partial nint vips_error_buffer_copy();

    [LibraryImport(VipsLibrary)]
    internal static partial void vips_error_clear();

    [LibraryImport(VipsLibrary)]
    internal static partial nint vips_operation_new(ReadOnlySpan<byte> name);

    [LibraryImport(VipsLibrary)]
    internal static partial int vips_object_build(nint instance);

    [LibraryImport(VipsLibrary)]
    internal static partial void vips_object_unref_outputs(nint instance);

    [LibraryImport(VipsLibrary)]
    internal static partial nint vips_blob_new(nint free, void* data, nuint length);

    [LibraryImport(VipsLibrary)]
    internal static partial void vips_area_unref(nint area);

    [LibraryImport(VipsLibrary)]
    internal static partial nuint vips_blob_get_type();

    [LibraryImport(VipsLibrary)]
    internal static partial nuint vips_image_get_type();

    [LibraryImport(VipsLibrary)]
    internal static partial int vips_image_get_width(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial int vips_image_get_height(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial int vips_image_get_bands(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial BandFormat vips_image_get_format(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial Interpretation vips_image_get_interpretation(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial int vips_image_get_orientation(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial nint vips_region_new(nint image);

    [LibraryImport(VipsLibrary)]
    internal static partial byte* vips_region_fetch(nint region, int left, int top, int width, int height, out nuint length);

    [LibraryImport(GLibLibrary)]
    internal static partial void g_free(nint memory);

    [LibraryImport(GLibLibrary, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint g_log_set_handler(
        string domain, int levels, delegate* unmanaged[Cdecl]<byte*, int, byte*, nint, void> handler, nint data);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_object_unref(nint instance);

    [LibraryImport(GObjectLibrary)]
    internal static partial nint g_object_ref(nint instance);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_object_set_property(nint instance, ReadOnlySpan<byte> name, in GValue value);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_object_get_property(nint instance, ReadOnlySpan<byte> name, ref GValue value);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_value_init(ref GValue value, nuint type);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_value_unset(ref GValue value);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_value_set_int(ref GValue value, int content);

    [LibraryImport(GObjectLibrary)]
    internal static partial void g_value_set_boxed(ref GValue value, nint content);

    [LibraryImport(GObjectLibrary)]
    internal static partial nint g_value_get_object(in GValue value);
}
