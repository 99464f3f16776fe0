using System.Runtime.InteropServices;
using NetVips;

namespace ResNet.Imaging.Decoding;

/// <summary>The pixels of a rectangle of a libvips image, without gaps between rows, in native memory.</summary>
/// <remarks>
/// <see cref="Region.Fetch"/> copies every rectangle into a new array, which slows decoding down by a few percent for
/// photographs, and by a tenth for uncompressed images.
/// </remarks>
internal readonly unsafe ref struct RegionStrip : IDisposable
{
    private static readonly delegate* unmanaged[Cdecl]<nint, int, int, int, int, out nuint, byte*> s_fetch = FindFetch();

    private readonly byte* _pixels;
    private readonly int _length;

    /// <summary>Computes the pixels on the calling thread.</summary>
    /// <exception cref="VipsException">The pixels cannot be computed, because the file is damaged for example.</exception>
    internal RegionStrip(Region region, int left, int top, int width, int height)
    {
        _pixels = s_fetch(region.DangerousGetHandle(), left, top, width, height, out var length);
        GC.KeepAlive(region);
        if (_pixels == null) throw new VipsException("unable to fetch from region");
        _length = (int)length;
    }

    internal Span<byte> Pixels => new(_pixels, _length);

    public void Dispose() => NetVips.NetVips.Free((nint)_pixels);

    // The function is in the library that NetVips has loaded, and is found like NetVips' own.
    private static delegate* unmanaged[Cdecl]<nint, int, int, int, int, out nuint, byte*> FindFetch()
    {
        var file = OperatingSystem.IsWindows() ? "libvips-42.dll" : OperatingSystem.IsMacOS() ? "libvips.42.dylib" : "libvips.so.42";
        var library = NativeLibrary.Load(file, typeof(Region).Assembly, null);
        var fetch = NativeLibrary.GetExport(library, "vips_region_fetch");
        return (delegate* unmanaged[Cdecl]<nint, int, int, int, int, out nuint, byte*>)fetch;
    }
}
