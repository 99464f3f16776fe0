using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>One component of the decoded part of an image: the coefficients of a row of units, and pixels.</summary>
internal sealed unsafe class Plane
{
    private const int BlockLength = 64;

    // Bytes that are read beyond the last pixel, and written for a second block where the number of blocks is odd.
    private const int Room = 32;

    private byte[] _coefficients = [];
    private byte[] _pixels = [];
    private bool[] _flat = [];

    private int _across;
    private int _down;
    private int _stride;
    private int _left;
    private int _top;
    private bool _keepsRows;

    /// <summary>Allocates memory for a part of the image.</summary>
    /// <param name="component">The component.</param>
    /// <param name="units">The part, in minimum coded units.</param>
    /// <param name="keepsRows">Whether the pixels of all rows of units are kept, and not only those of the last row.</param>
    public void Prepare(JpegComponent component, Area units, bool keepsRows)
    {
        _across = units.Width * component.Across;
        _down = component.Down;
        _stride = ((_across + 1) * 8) + Room;
        (_left, _top, _keepsRows) = (units.Left * component.Across * 8, units.Top * component.Down * 8, keepsRows);
        var rows = (keepsRows ? units.Height : 1) * component.Down * 8;
        Memory.Reserve(ref _pixels, ((long)rows * _stride) + Room);
        // One more block for the last pair of each row.
        var blocks = (_across + 1) * _down;
        Memory.Reserve(ref _coefficients, (long)blocks * BlockLength * sizeof(short));
        if (_flat.Length < blocks) _flat = new bool[blocks];
    }

    /// <summary>Frees the memory of a large image.</summary>
    public void Trim() => Memory.Trim(ref _pixels);

    /// <summary>Clears the coefficients for a new row of units.</summary>
    public void BeginRow() => _coefficients.AsSpan(0, (_across + 1) * _down * BlockLength * sizeof(short)).Clear();

    /// <summary>Gets the index of a block in the row of units.</summary>
    /// <param name="x">The column of the block.</param>
    /// <param name="y">The row of the block.</param>
    public int IndexOf(int x, int y) => (y * (_across + 1)) + x;

    /// <summary>Gets a block's coefficients.</summary>
    public short* Block(int index) => Coefficients + (index * BlockLength);

    /// <summary>Sets whether a block's first coefficient is its only one.</summary>
    public void SetFlat(int index, bool isFlat) => _flat[index] = isFlat;

    /// <summary>Computes the pixels of the row of units.</summary>
    /// <param name="row">The index of the row in the image.</param>
    /// <param name="quantization">The factors of the 64 coefficients.</param>
    public void Transform(int row, short* quantization)
    {
        var top = row * _down * 8;
        if (!_keepsRows) _top = top;
        for (var y = 0; y < _down; y++)
        {
            for (var x = 0; x < _across; x += 2)
            {
                var index = IndexOf(x, y);
                var blocks = Block(index);
                var isFlat = _flat[index] && (x + 1 == _across || _flat[index + 1]);
                var target = Pixels + ((long)(top - _top + (8 * y)) * _stride) + (8 * x);
                if (isFlat) InverseDct.Fill(blocks, quantization, target, _stride);
                else InverseDct.Transform(blocks, quantization, target, _stride);
            }
        }
    }

    /// <summary>Gets a row of pixels, in the component's coordinates; only the decoded columns may be read.</summary>
    public byte* Row(int y) => Pixels + ((long)(y - _top) * _stride) - _left;

    // The arrays are pinned.
    private byte* Pixels => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_pixels));

    private short* Coefficients => (short*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_coefficients));
}
