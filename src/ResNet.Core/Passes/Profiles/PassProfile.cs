namespace ResNet.Core.Passes.Profiles;

/// <summary>The times of the works of passes, by layer and kind.</summary>
internal sealed class PassProfile
{
    private readonly Dictionary<(string Layer, WorkKind Kind), TimeSpan> _times = [];

    /// <summary>The times, of all passes together.</summary>
    internal IReadOnlyDictionary<(string Layer, WorkKind Kind), TimeSpan> Times => _times;

    internal void Add(string layer, WorkKind kind, TimeSpan time) =>
        _times[(layer, kind)] = _times.GetValueOrDefault((layer, kind)) + time;
}
