using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>A single word: the portable code, against which the others are tested.</summary>
internal readonly unsafe struct Quads1(int value) : IQuads<Quads1, Lane1>
{
    private readonly int _value = value;

    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads1 Load(void* source) => new(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Quads1 value, int* target) => *target = value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads1 Broadcast(byte* source) => Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quads1 MultiplyAdd(Quads1 pixels, Quads1 weights, Quads1 sum)
    {
        int result = sum._value;
        for (int shift = 0; shift < 32; shift += 8) result += (byte)(pixels._value >> shift) * (sbyte)(weights._value >> shift);
        return new(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 ToFloats(Quads1 sums) => new(sums._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 LoadBytes(byte* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lane1 values, byte* target) => *target = (byte)Unsafe.BitCast<Lane1, uint>(ByteRounding.Round(values));
}
