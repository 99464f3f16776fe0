namespace ResNet.AspNetCore.Serving;

/// <summary>Counts the bytes of all requests, so that many at once do not take all of the memory.</summary>
internal sealed class UploadBudget(long most)
{
    private long _used;

    /// <summary>The most bytes.</summary>
    internal long Most => most;

    /// <summary>The bytes in use.</summary>
    internal long Used => Volatile.Read(ref _used);

    /// <summary>Takes bytes; false if there are not so many left.</summary>
    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= most) return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    internal void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
