using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ResNet.Inference.Kernels;
using ResNet.Inference.Vectors;

namespace ResNet.Core.Passes.Kernels;

/// <inheritdoc/>
internal sealed unsafe class PassKernels<T> : PassKernels
    where T : unmanaged, IVector<T>
{
    private const int FloatsOfStrip = 2048;

    internal override void AddProducts(int rows, int vectors, in PixelPairs pixels, float* sums)
    {
        if (rows == GradientTiles.RowsOfNarrow) GradientTiles.AddNarrow<T>(pixels, sums);
        else if (vectors == 4) Add<FourVectors<T>>(rows, pixels, sums);
        else if (vectors == 2) Add<TwoVectors<T>>(rows, pixels, sums);
        else Add<OneVector<T>>(rows, pixels, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Add(float* source, int count, float* target)
    {
        for (int i = 0; i < count; i += T.Count) T.Store(T.Load(target + i) + T.Load(source + i), target + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Copy(float* source, nint step, int pixels, int channels, float* target)
    {
        if (channels % T.Count == 0)
        {
            for (int p = 0; p < pixels; p++, source += step, target += channels)
            {
                for (int c = 0; c < channels; c += T.Count) T.Store(T.Load(source + c), target + c);
            }
            return;
        }
        for (int p = 0; p < pixels; p++, source += step, target += channels)
        {
            // Of six and of five channels, such as those of a tile, the first four at once.
            int c = 0;
            for (; c <= channels - 4; c += 4) Vector128.Store(Vector128.Load(source + c), target + c);
            for (; c < channels; c++) target[c] = source[c];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Moments(float* map, int pixels, int channels, float* sums)
    {
        new Span<float>(sums, 2 * channels).Clear();
        int strip = PixelsOfStrip(channels);
        for (int begin = 0; begin < pixels; begin += strip)
        {
            int count = Math.Min(strip, pixels - begin);
            for (int c = 0; c < channels; c += T.Count)
            {
                float* place = map + ((nint)begin * channels) + c;
                T first = T.Load(map + c), sum = T.Load(sums + c), squares = T.Load(sums + channels + c);
                for (int p = 0; p < count; p++, place += channels)
                {
                    var value = T.Load(place) - first;
                    sum += value;
                    squares = T.MultiplyAdd(value, value, squares);
                }
                T.Store(sum, sums + c);
                T.Store(squares, sums + channels + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void NormSums(
        float* gradient, float* output, float* affine, float* input, float* mean, int pixels, int channels, float* sums)
    {
        new Span<float>(sums, 2 * channels).Clear();
        int strip = PixelsOfStrip(channels);
        for (int begin = 0; begin < pixels; begin += strip)
        {
            int count = Math.Min(strip, pixels - begin);
            for (int c = 0; c < channels; c += T.Count)
            {
                nint place = ((nint)begin * channels) + c;
                T scale = affine is null ? T.Zero : T.Load(affine + c), shift = affine is null ? T.Zero : T.Load(affine + channels + c);
                T middle = T.Load(mean + c), sum = T.Load(sums + c), products = T.Load(sums + channels + c);
                for (int p = 0; p < count; p++, place += channels)
                {
                    T value = T.Load(gradient + place), number = T.Load(input + place);
                    if (output is not null) value = T.WhereLessOrEqual(T.Load(output + place), T.Zero, T.Zero, value);
                    else if (affine is not null) value = T.WhereLessOrEqual(T.MultiplyAdd(number, scale, shift), T.Zero, T.Zero, value);
                    sum += value;
                    products = T.MultiplyAdd(value, number - middle, products);
                }
                T.Store(sum, sums + c);
                T.Store(products, sums + channels + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void NormGradient(
        float* gradient, float* output, float* affine, float* input, float* factors, int pixels, int channels, float* target, bool adds,
        float* added, bool addsAdded)
    {
        int strip = PixelsOfStrip(channels);
        for (int begin = 0; begin < pixels; begin += strip)
        {
            int count = Math.Min(strip, pixels - begin);
            for (int c = 0; c < channels; c += T.Count)
            {
                nint place = ((nint)begin * channels) + c;
                T a = T.Load(factors + c), b = T.Load(factors + channels + c);
                T scale = affine is null ? T.Zero : T.Load(affine + c), shift = affine is null ? T.Zero : T.Load(affine + channels + c);
                T constant = T.Load(factors + (2 * channels) + c), mean = T.Load(factors + (3 * channels) + c);
                for (int p = 0; p < count; p++, place += channels)
                {
                    T value = T.Load(gradient + place), number = T.Load(input + place);
                    if (output is not null) value = T.WhereLessOrEqual(T.Load(output + place), T.Zero, T.Zero, value);
                    else if (affine is not null) value = T.WhereLessOrEqual(T.MultiplyAdd(number, scale, shift), T.Zero, T.Zero, value);
                    var result = T.MultiplyAdd(a, value, T.MultiplyAdd(b, number - mean, constant));
                    if (adds) result += T.Load(target + place);
                    if (added is not null) T.Store(addsAdded ? value + T.Load(added + place) : value, added + place);
                    T.Store(result, target + place);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void MaxPool(in Geometry geometry, float* input, float* output, byte* places, Range rows)
    {
        float* numbers = stackalloc float[T.Count];
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (image, y) = Math.DivRem(row, geometry.OutputHeight);
            int top = (y * geometry.Stride) - geometry.Padding;
            int firstRow = Math.Max(-top, 0), endRow = Math.Min(geometry.KernelHeight, geometry.Height - top);
            float* map = input + ((long)image * geometry.Height * geometry.Width * geometry.Pitch);
            for (int x = 0; x < geometry.OutputWidth; x++)
            {
                int left = (x * geometry.Stride) - geometry.Padding;
                int first = Math.Max(-left, 0), end = Math.Min(geometry.KernelWidth, geometry.Width - left);
                long target = (((long)row * geometry.OutputWidth) + x) * geometry.OutputPitch;
                for (int c = 0; c < geometry.Pitch; c += T.Count)
                {
                    var greatest = T.Broadcast(float.NegativeInfinity);
                    var place = T.Broadcast((firstRow * geometry.KernelWidth) + first);
                    for (int i = firstRow; i < endRow; i++)
                    {
                        for (int j = first; j < end; j++)
                        {
                            var value = T.Load(map + ((((long)(top + i) * geometry.Width) + left + j) * geometry.Pitch) + c);
                            // The first of equal numbers, as libtorch takes it.
                            place = T.WhereLessOrEqual(value, greatest, place, T.Broadcast((i * geometry.KernelWidth) + j));
                            greatest = T.WhereLessOrEqual(value, greatest, greatest, value);
                        }
                    }
                    T.Store(greatest, output + target + c);
                    T.Store(place, numbers);
                    for (int lane = 0; lane < T.Count; lane++) places[target + c + lane] = (byte)numbers[lane];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Move(
        float* source, nint sourceStep, float* target, nint targetStep, int pixels, int channels, bool adds)
    {
        for (int p = 0; p < pixels; p++, source += sourceStep, target += targetStep)
        {
            for (int c = 0; c < channels; c += T.Count)
            {
                var value = T.Load(source + c);
                T.Store(adds ? value + T.Load(target + c) : value, target + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void TransformGradient(in WinogradBlock block, float* gradient, Range tiles)
    {
        var g = block.Convolution.Geometry;
        float** pixels = stackalloc float*[16];
        T* rows = stackalloc T[24];
        for (int t = tiles.Start.Value; t < tiles.End.Value; t++)
        {
            var (image, top, left) = block.PlaceOf(t);
            for (int i = 0; i < 16; i++)
            {
                int y = top + (i / 4), x = left + (i % 4);
                pixels[i] = y < g.OutputHeight && x < g.OutputWidth
                    ? gradient + ((((((long)image * g.OutputHeight) + y) * g.OutputWidth) + x) * g.OutputPitch)
                    : (float*)block.Convolution.Zeros;
            }
            foreach (ref readonly var panel in block.Convolution.Panels.AsSpan())
            {
                int width = panel.Vectors * T.Count;
                float* target = (float*)block.Products + panel.Weights + ((long)t * width);
                for (int c = panel.Column; c < panel.Column + width; c += T.Count, target += T.Count)
                {
                    for (int j = 0; j < 4; j++)
                    {
                        Spread(
                            T.Load(pixels[j] + c), T.Load(pixels[4 + j] + c), T.Load(pixels[8 + j] + c), T.Load(pixels[12 + j] + c),
                            (float*)(rows + j), 4 * T.Count);
                    }
                    for (int i = 0; i < 6; i++)
                    {
                        T* four = rows + (4 * i);
                        Spread(four[0], four[1], four[2], four[3], target + (6 * i * block.ProductStep), block.ProductStep);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Spread(T a, T b, T c, T d, float* target, long step)
        {
            T even = a + c, odd = b + d;
            T farEven = T.MultiplyAdd(T.Broadcast(4), c, a), farOdd = T.MultiplyAdd(T.Broadcast(8), d, b + b);
            T.Store(a, target);
            T.Store(even + odd, target + step);
            T.Store(even - odd, target + (2 * step));
            T.Store(farEven + farOdd, target + (3 * step));
            T.Store(farEven - farOdd, target + (4 * step));
            T.Store(d, target + (5 * step));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void TransformSums(float* sums, long step, int count, float* taps)
    {
        T* rows = stackalloc T[18];
        for (int c = 0; c < count; c += T.Count)
        {
            for (int j = 0; j < 6; j++)
            {
                float* column = sums + (j * step) + c;
                Gather(
                    T.Load(column), T.Load(column + (6 * step)), T.Load(column + (12 * step)), T.Load(column + (18 * step)),
                    T.Load(column + (24 * step)), T.Load(column + (30 * step)), (float*)(rows + j), 6 * T.Count);
            }
            for (int i = 0; i < 3; i++)
            {
                T* six = rows + (6 * i);
                Gather(six[0], six[1], six[2], six[3], six[4], six[5], taps + (3 * i * count) + c, count);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Gather(T a, T b, T c, T d, T e, T f, float* target, long step)
        {
            T near = b + c, far = d + e, sixth = T.Broadcast(1f / 6);
            T.Store(T.MultiplyAdd(T.Broadcast(1f / 24), far, T.MultiplyAdd(T.Broadcast(0.25f), a, T.Broadcast(-1f / 6) * near)), target);
            T.Store(T.MultiplyAdd(T.Broadcast(1f / 12), d - e, sixth * (c - b)), target + step);
            T.Store(T.MultiplyAdd(sixth, far - near, f), target + (2 * step));
        }
    }

    // All channels of so many pixels stay in the first-level cache.
    private static int PixelsOfStrip(int channels) => Math.Max(FloatsOfStrip / channels, 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRow>(int rows, in PixelPairs pixels, float* sums)
        where TRow : unmanaged, IVectors<TRow, T>
    {
        if (rows == 1) GradientTiles.AddOne<T, TRow>(pixels, sums);
        else if (rows == TileKernels.Rows) GradientTiles.Add<T, TRow, TileKernels.Six>(pixels, sums);
        else GradientTiles.Add<T, TRow, TileKernels.Five>(pixels, sums);
    }
}
