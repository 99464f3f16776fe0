using ResNet.Inference.Execution.Buffers;

namespace ResNet.Inference.Tests;

/// <summary>Memory of each length begins at a cache line, consists of zeros if it is asked to, and can be written to its end.</summary>
public sealed unsafe class NativeBufferTests
{
    // A buffer of 4 MiB or more begins at a huge page.
    private const int Large = 1 << 20;

    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(1001, 64)]
    [InlineData(Large - 1, 64)]
    [InlineData(Large, 2 << 20)]
    [InlineData((3 * Large) + 17, 2 << 20)]
    public void Memory_is_aligned_cleared_and_writable(int floats, int alignment)
    {
        for (int time = 0; time < 2; time++)
        {
            using var buffer = new NativeBuffer(floats);
            ((long)buffer.Address % alignment).Should().Be(0);
            buffer.Length.Should().Be(Math.Max(floats, 1));
            var content = new Span<float>(buffer.Address, (int)buffer.Length);
            content.IndexOfAnyExcept(0).Should().Be(-1, "memory that was used before is cleared, too");
            content.Fill(1);
        }
    }

    [Fact]
    public void A_length_that_no_memory_has_is_refused()
    {
        var allocate = () => new NativeBuffer(long.MaxValue);
        allocate.Should().Throw<OverflowException>();
    }
}
