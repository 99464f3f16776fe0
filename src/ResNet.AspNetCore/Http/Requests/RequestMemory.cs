using System.Buffers;
using System.Numerics;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>The memory of one request, of a pool, which counts towards the budget of all.</summary>
internal sealed class RequestMemory(UploadBudget budget)
{
    private long _own;

    /// <summary>Gets memory of at least so many bytes in place of some that is returned.</summary>
    /// <exception cref="RefusedRequestException">There is not so much memory for requests.</exception>
    internal byte[] Exchange(byte[] old, int bytes)
    {
        // The sizes of the pool are powers of 2.
        long more = (long)BitOperations.RoundUpToPowerOf2((uint)bytes) - old.Length;
        if (_own + more > budget.Most)
        {
            throw new RefusedRequestException(
                413, $"The request needs more memory than the {budget.Most} bytes for all of them: send fewer pictures at once.");
        }
        if (!budget.TryTake(more))
        {
            throw new RefusedRequestException(
                429, "Too many pictures are being uploaded: try again after the time of the header Retry-After.", TimeSpan.FromSeconds(1));
        }
        _own += more;
        byte[] longer = ArrayPool<byte>.Shared.Rent(bytes);
        old.CopyTo(longer, 0);
        if (old.Length > 0) ArrayPool<byte>.Shared.Return(old);
        return longer;
    }

    internal void Return(byte[] bytes)
    {
        if (bytes.Length == 0) return;
        _own -= bytes.Length;
        budget.Return(bytes.Length);
        ArrayPool<byte>.Shared.Return(bytes);
    }
}
