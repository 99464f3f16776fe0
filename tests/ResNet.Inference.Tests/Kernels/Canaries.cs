using ResNet.Inference.Execution;

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
        foreach (float value in new ReadOnlySpan<float>(_buffer.Address, Border))
            float.IsNaN(value).Should().BeTrue("nothing is written before it");
        foreach (float value in new ReadOnlySpan<float>(Address + Length, Border))
            float.IsNaN(value).Should().BeTrue("nothing is written after it");
    }

    public void Dispose() => _buffer.Dispose();
}
