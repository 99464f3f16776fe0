using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>
/// Decodes the requested part of the usual kinds of JPEG files: it reads nothing below a crop, and computes no pixels beside or
/// above it. The pixels are those of libjpeg-turbo, and therefore of Pillow, to the bit.
/// </summary>
/// <remarks>
/// An instance belongs to one thread and reuses its memory from image to image. libvips decodes the other kinds
/// (<see cref="JpegHeader"/>) and damaged files, and all files on machines without AVX2.
/// </remarks>
internal sealed unsafe class JpegDecoder
{
    private const int BlockLength = 64;

    // Four of luma and two of chroma.
    private const int MostBlocksInUnit = 6;

    // Halved chroma is interpolated from a neighbour on each side, at most two pixels away.
    private const int Context = 2;

    // Each block has at least two codes.
    private const int MostBlocksInByte = 4;

    private readonly JpegHeader _header = new();
    private readonly ScanReader _scan = new();
    private readonly Plane[] _planes = [new(), new(), new()];
    private readonly UnitBlock[] _blocks = new UnitBlock[MostBlocksInUnit];
    private int _blockCount;
    private byte[] _rgb = [];
    private byte[] _chroma = [];

    /// <summary>Whether this machine has the required instructions.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    public int Width => _header.Width;

    public int Height => _header.Height;

    private int UnitWidth => 8 * _header.Component(0).Across;

    private int UnitHeight => 8 * _header.Component(0).Down;

    private int UnitsDown => (Height + UnitHeight - 1) / UnitHeight;

    private int UnitsAcross => (Width + UnitWidth - 1) / UnitWidth;

    private bool IsHalvedVertically => UnitHeight == 16;

    /// <summary>Reads a file's header; false where libvips has to decode the file, or to say that it is too large.</summary>
    public bool TryOpen(ReadOnlySpan<byte> file, int maximumPixels = ImageDecoder.MaxPixels)
    {
        _scan.Forget();
        if (!IsSupported || !_header.TryRead(file) || (long)Width * Height > maximumPixels) return false;
        var scan = file[_header.ScanStart..];
        var units = UnitsAcross * UnitsDown;
        var blocks = units * ((UnitWidth * UnitHeight / BlockLength) + _header.Components - 1L);
        // A file that is too short for its image is refused before memory is allocated.
        if (blocks > (long)scan.Length * MostBlocksInByte) return false;
        var interval = _header.UnitsBetweenRestarts;
        return _scan.TryStart(scan, interval == 0 ? 1 : (units + interval - 1) / interval);
    }

    /// <summary>
    /// Whether the data of a file that could not be opened end at a marker before the image is complete. Pillow refuses such a
    /// file; libvips would fill the rest with grey.
    /// </summary>
    public bool BreaksOff() => _scan.IsCut && !TryRead(new Area(0, 0, Width, Height), _header.Components, out _);

    /// <summary>Frees the memory of a large image.</summary>
    public void Trim()
    {
        _scan.Trim();
        foreach (var plane in _planes) plane.Trim();
        Memory.Trim(ref _rgb);
    }

    /// <summary>Decodes a part of the image.</summary>
    /// <param name="area">The part.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <param name="view">The part's pixels; valid until the next call.</param>
    /// <returns>False where the part that had to be read is damaged.</returns>
    public bool TryRead(Area area, int channels, out PixelView view)
    {
        view = default;
        var needed = NeededUnits(area);
        for (var i = 0; i < _header.Components; i++) _planes[i].Prepare(_header.Component(i), needed, IsHalvedVertically);

        var stride = (Rounded(area.Width) * 3) + YccConverter.Overrun;
        Memory.Reserve(ref _rgb, (long)stride * area.Height);
        Memory.Reserve(ref _chroma, 2L * (Rounded(area.Width) + (2 * YccConverter.Step)));

        ListBlocks();
        _scan.Rewind();
        Span<int> last = stackalloc int[3];
        last.Clear();
        for (int row = 0, unit = 0; row < needed.Bottom; row++)
        {
            if (!TryReadRow(row, needed, ref unit, last)) return false;
            if (row < needed.Top) continue;
            for (var i = 0; i < _header.Components; i++) _planes[i].Transform(row, Quantization(i));
            if (IsHalvedVertically) continue;
            var (top, bottom) = (Math.Max(area.Top, row * UnitHeight), Math.Min(area.Bottom, (row + 1) * UnitHeight));
            Convert(area, top, bottom, channels, stride);
        }
        if (IsHalvedVertically) Convert(area, area.Top, area.Bottom, channels, stride);
        view = new PixelView(_rgb, stride, channels, area);
        return true;
    }

    private static int Rounded(int pixels) => (pixels + YccConverter.Step - 1) / YccConverter.Step * YccConverter.Step;

    // The area that has to be decoded, in minimum coded units.
    private Area NeededUnits(Area area)
    {
        var context = UnitWidth == 8 ? 0 : Context;
        var (left, top) = (Math.Max(0, area.Left - context) / UnitWidth, Math.Max(0, area.Top - context) / UnitHeight);
        var right = (Math.Min(Width, area.Right + context) + UnitWidth - 1) / UnitWidth;
        var bottom = (Math.Min(Height, area.Bottom + context) + UnitHeight - 1) / UnitHeight;
        return new Area(left, top, right - left, bottom - top);
    }

    private short* Quantization(int component) =>
        (short*)Unsafe.AsPointer(ref _header.Quantization[_header.Component(component).Quantization * BlockLength]);

    private bool TryReadRow(int row, Area needed, ref int unit, Span<int> last)
    {
        foreach (var plane in _planes.AsSpan(0, _header.Components)) plane.BeginRow();
        var blocks = _blocks.AsSpan(0, _blockCount);
        var (unitsAcross, interval) = (UnitsAcross, _header.UnitsBetweenRestarts);
        for (var column = 0; column < unitsAcross; column++, unit++)
        {
            if (interval > 0 && unit > 0 && unit % interval == 0)
            {
                if (!_scan.TryNextPart()) return false;
                last.Clear();
            }
            var isNeeded = row >= needed.Top && column >= needed.Left && column < needed.Right;
            foreach (ref readonly var block in blocks)
            {
                ref var before = ref last[block.Component];
                if (isNeeded)
                {
                    var index = block.First + ((column - needed.Left) * block.Across);
                    if (!_scan.TryRead(block.Dc, block.Ac, ref before, block.Plane.Block(index), out var isFlat)) return false;
                    block.Plane.SetFlat(index, isFlat);
                }
                else if (!_scan.TryRead(block.Dc, block.Ac, ref before, null, out _))
                {
                    return false;
                }
            }
        }
        return true;
    }

    // The blocks of a minimum coded unit, in the order of the file.
    private void ListBlocks()
    {
        _blockCount = 0;
        for (var i = 0; i < _header.Components; i++)
        {
            var (shape, plane) = (_header.Component(i), _planes[i]);
            for (var y = 0; y < shape.Down; y++)
            {
                for (var x = 0; x < shape.Across; x++)
                    _blocks[_blockCount++] = new UnitBlock(i, plane, _header.Dc(i), _header.Ac(i), plane.IndexOf(x, y), shape.Across);
            }
        }
    }

    private void Convert(Area area, int top, int bottom, int channels, int stride)
    {
        var rgb = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_rgb));
        for (var y = top; y < bottom; y++)
        {
            var row = rgb + ((long)(y - area.Top) * stride);
            if (_header.Components == 1)
            {
                var grey = new Span<byte>(_planes[0].Row(y) + area.Left, area.Width);
                PixelFormat.Of8Bit(1).Convert(grey, new Span<byte>(row, area.Width * channels), channels);
                continue;
            }
            ConvertRow(area, y, row);
            if (channels == 1)
                PixelFormat.Of8Bit(3).Convert(new Span<byte>(row, area.Width * 3), new Span<byte>(row, area.Width), channels);
        }
    }

    private void ConvertRow(Area area, int y, byte* row)
    {
        var luma = _planes[0].Row(y) + area.Left;
        if (UnitWidth == 8)
        {
            YccConverter.Convert(luma, _planes[1].Row(y) + area.Left, _planes[2].Row(y) + area.Left, area.Width, row);
            return;
        }
        var (first, end, width) = (area.Left / 2, (area.Right + 1) / 2, (Width + 1) / 2);
        var blue = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_chroma));
        var red = blue + Rounded(area.Width) + (2 * YccConverter.Step);
        foreach (var (plane, target) in new ReadOnlySpan<(int, nint)>([(1, (nint)blue), (2, (nint)red)]))
        {
            if (IsHalvedVertically)
            {
                var (own, height) = (y / 2, (Height + 1) / 2);
                var other = Math.Clamp(y % 2 == 0 ? own - 1 : own + 1, 0, height - 1);
                YccConverter.DoubleBoth(_planes[plane].Row(own), _planes[plane].Row(other), first, end, width, (byte*)target);
            }
            else
            {
                YccConverter.DoubleWidth(_planes[plane].Row(y), first, end, width, (byte*)target);
            }
        }
        var skip = area.Left - (2 * first);
        YccConverter.Convert(luma, blue + skip, red + skip, area.Width, row);
    }

    /// <summary>A block of a minimum coded unit.</summary>
    /// <param name="Component">The index of its component.</param>
    /// <param name="Plane">The plane of its component.</param>
    /// <param name="Dc">The code of its first coefficient.</param>
    /// <param name="Ac">The code of the other coefficients.</param>
    /// <param name="First">Its index in the plane for the first unit of a row.</param>
    /// <param name="Across">The distance of its indices from unit to unit.</param>
    private readonly record struct UnitBlock(int Component, Plane Plane, HuffmanTable Dc, HuffmanTable Ac, int First, int Across);
}
