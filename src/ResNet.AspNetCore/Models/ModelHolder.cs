namespace ResNet.AspNetCore.Models;

/// <summary>The network that new pictures get, which can be replaced while others are being answered.</summary>
internal sealed class ModelHolder : IDisposable
{
    private readonly Lock _replace = new();
    private volatile ServedModel? _current;

    /// <summary>The network; do not compute with it without <see cref="Acquire"/>.</summary>
    internal ServedModel? Current => _current;

    /// <summary>Gets the network for a picture, which has to release it.</summary>
    internal ServedModel Acquire()
    {
        while (true)
        {
            var model = _current ?? throw new ClassificationException(ClassificationProblem.Stopped, "The service has no network yet.");
            // Else it was replaced in between.
            if (model.TryAcquire()) return model;
        }
    }

    /// <summary>Replaces the network. Pictures that have begun get the old one.</summary>
    internal void Replace(ServedModel? model)
    {
        ServedModel? old;
        lock (_replace) (old, _current) = (_current, model);
        old?.Release();
    }

    public void Dispose() => Replace(null);
}
