using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Inference.Vectors;

/// <summary>Sixteen words: AVX-512.</summary>
internal readonly unsafe struct Quads16(Vector512<int> value) : IQuads<Quads16, Lanes16>
{
    private readonly Vector512<int> _value = value;

    public static int Count => Vector512<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads16 Load(void* source) => new(Vector512.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Quads16 value, int* target) => Vector512.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads16 Broadcast(byte* source) => new(Vector512.Create(Unsafe.ReadUnaligned<int>(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads16 MultiplyAdd(Quads16 pixels, Quads16 weights, Quads16 sum)
    {
        var (p, w) = (pixels._value.AsByte(), weights._value.AsSByte());
        return new(sum._value + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(p, w), Vector512<short>.One));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 ToFloats(Quads16 sums) => new(Vector512.ConvertToSingle(sums._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 LoadBytes(byte* source) =>
        new(Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes16 values, byte* target)
    {
        var words = Unsafe.BitCast<Lanes16, Vector512<uint>>(ByteRounding.Round(values));
        var halves = Vector256.Narrow(words.GetLower(), words.GetUpper());
        Vector128.Store(Vector128.Narrow(halves.GetLower(), halves.GetUpper()), target);
    }
}
