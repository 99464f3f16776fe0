using System.Buffers;
using System.IO.Pipelines;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>
/// The body of a request. A cancelled read leaves the server's reader in order, so that the server can pass over the rest of the body; a
/// cancelled read of the server's own stream does not, and the server logs an error.
/// </summary>
internal sealed class RequestBody(PipeReader reader) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        using var cancelling = cancellationToken.UnsafeRegister(static reader => Cancel((PipeReader)reader!), reader);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
            if (count == 0 && !result.IsCompleted)
            {
                reader.AdvanceTo(result.Buffer.Start);
                continue;
            }
            var bytes = result.Buffer.Slice(0, count);
            bytes.CopyTo(buffer.Span);
            reader.AdvanceTo(bytes.End);
            return count;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    private static void Cancel(PipeReader reader)
    {
        try
        {
            reader.CancelPendingRead();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The sender has gone, and the read ends by itself.
        }
    }
}
