using ResNet.Inference.Execution.Buffers;

namespace ResNet.Inference.Tests.Kernels;

/// <summary>Memory for a kernel, between floats that nobody may read (they are NaN) or write.</summary>
internal sealed unsafe class Canaries : IDisposable
{
    private const int Border = 64;

    private readonly NativeBuffer _buffer;

    internal Canaries(int length)
    {
        Length = length;
        _buffer = new NativeBuffer(length + (2 * Border));
        new Span<float>(_buffer.Address, length + (2 * Border)).Fill(float.NaN);
    }

    internal Canaries(ReadOnlySpan<float> content) : this(content.Length) => content.CopyTo(Content);

    internal int Length { get; }

    internal float* Address => _buffer.Address + Border;

    internal Span<float> Content => new(Address, Length);

    /// <summary>Fails if the floats around the content have changed.</summary>
    internal void Check()
    {
        // Kernels on bytes could change a NaN to another one.
        int untouched = BitConverter.SingleToInt32Bits(float.NaN);
        foreach (int value in new ReadOnlySpan<int>(_buffer.Address, Border)) value.Should().Be(untouched, "nothing is written before it");
        foreach (int value in new ReadOnlySpan<int>(Address + Length, Border)) value.Should().Be(untouched, "nothing is written after it");
    }

    public void Dispose() => _buffer.Dispose();
}
