using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Inference.Vectors;

/// <summary>Eight words: AVX2, with VNNI if the processor has it.</summary>
internal readonly unsafe struct Quads8(Vector256<int> value) : IQuads<Quads8, Lanes8>
{
    private readonly Vector256<int> _value = value;

    public static int Count => Vector256<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads8 Load(void* source) => new(Vector256.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Quads8 value, int* target) => Vector256.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads8 Broadcast(byte* source) => new(Vector256.Create(Unsafe.ReadUnaligned<int>(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads8 MultiplyAdd(Quads8 pixels, Quads8 weights, Quads8 sum)
    {
        var (p, w) = (pixels._value.AsByte(), weights._value.AsSByte());
        return AvxVnni.IsSupported
            ? new(AvxVnni.MultiplyWideningAndAdd(sum._value, p, w))
            : new(sum._value + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(p, w), Vector256<short>.One));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 ToFloats(Quads8 sums) => new(Vector256.ConvertToSingle(sums._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 LoadBytes(byte* source) =>
        new(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes8 values, byte* target)
    {
        var words = Unsafe.BitCast<Lanes8, Vector256<uint>>(ByteRounding.Round(values));
        var halves = Vector128.Narrow(words.GetLower(), words.GetUpper());
        Unsafe.WriteUnaligned(target, Vector128.Narrow(halves, halves).AsUInt64().ToScalar());
    }
}
