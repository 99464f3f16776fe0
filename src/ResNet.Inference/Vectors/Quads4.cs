using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Inference.Vectors;

/// <summary>Four words: SSSE3, or what the compiler makes of it for other processors.</summary>
internal readonly unsafe struct Quads4(Vector128<int> value) : IQuads<Quads4, Lanes4>
{
    private readonly Vector128<int> _value = value;

    public static int Count => Vector128<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads4 Load(void* source) => new(Vector128.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Quads4 value, int* target) => Vector128.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads4 Broadcast(byte* source) => new(Vector128.Create(Unsafe.ReadUnaligned<int>(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads4 MultiplyAdd(Quads4 pixels, Quads4 weights, Quads4 sum)
    {
        var (p, w) = (pixels._value.AsByte(), weights._value.AsSByte());
        if (AvxVnni.IsSupported) return new(AvxVnni.MultiplyWideningAndAdd(sum._value, p, w));
        if (Ssse3.IsSupported)
            return new(sum._value + Sse2.MultiplyAddAdjacent(Ssse3.MultiplyAddAdjacent(p, w), Vector128<short>.One));
        var (lowPixels, highPixels) = Vector128.Widen(p);
        var (lowWeights, highWeights) = Vector128.Widen(w);
        var (low, high) = (lowPixels.AsInt16() * lowWeights, highPixels.AsInt16() * highWeights);
        return new(sum._value + Vector128.Narrow(AddFours(low), AddFours(high)));

        // The sums of four products of 16 bits each, in 64 bits.
        static Vector128<long> AddFours(Vector128<short> products)
        {
            var words = products.AsInt32();
            var pairs = (((words << 16) >> 16) + (words >> 16)).AsInt64();
            return ((pairs << 32) >> 32) + (pairs >> 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 ToFloats(Quads4 sums) => new(Vector128.ConvertToSingle(sums._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 LoadBytes(byte* source)
    {
        var words = Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(source)).AsByte()));
        return new(Vector128.ConvertToSingle(words.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes4 values, byte* target)
    {
        var words = Unsafe.BitCast<Lanes4, Vector128<uint>>(ByteRounding.Round(values));
        var halves = Vector128.Narrow(words, words);
        Unsafe.WriteUnaligned(target, Vector128.Narrow(halves, halves).AsUInt32().ToScalar());
    }
}
