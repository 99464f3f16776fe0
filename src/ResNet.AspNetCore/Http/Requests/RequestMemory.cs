using System.Buffers;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>The memory of one request, of a pool, which counts towards the budget of all.</summary>
internal sealed class RequestMemory(UploadBudget budget)
{
    private long _own;

    /// <summary>Gets memory in place of some that is returned.</summary>
    /// <param name="old">The memory that is returned, whose content is kept; may be empty.</param>
    /// <param name="oldBytes">The bytes that it was taken for.</param>
    /// <param name="bytes">The bytes to get. The pool may give more, which do not count.</param>
    /// <exception cref="RefusedRequestException">There is not so much memory for requests.</exception>
    internal byte[] Exchange(byte[] old, int oldBytes, int bytes)
    {
        long more = bytes - oldBytes;
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
        byte[] longer;
        try
        {
            longer = ArrayPool<byte>.Shared.Rent(bytes);
        }
        catch (OutOfMemoryException)
        {
            Count(-more);
            throw;
        }
        old.AsSpan(0, oldBytes).CopyTo(longer);
        if (old.Length > 0) ArrayPool<byte>.Shared.Return(old);
        return longer;
    }

    /// <summary>Returns memory.</summary>
    /// <param name="old">The memory; may be empty.</param>
    /// <param name="oldBytes">The bytes that it was taken for.</param>
    internal void Return(byte[] old, int oldBytes)
    {
        if (old.Length == 0) return;
        Count(-oldBytes);
        ArrayPool<byte>.Shared.Return(old);
    }

    private void Count(long bytes)
    {
        _own += bytes;
        budget.Return(-bytes);
    }
}
