using System.Collections.Concurrent;
using ResNet.Training.Data;

namespace ResNet.Training.Tests.Data.Known;

/// <summary>Stores progress reports and calls an action for each.</summary>
internal sealed class DatasetReports(Action<DatasetProgress>? then = null) : IProgress<DatasetProgress>
{
    private readonly ConcurrentQueue<DatasetProgress> _all = [];

    public IReadOnlyCollection<DatasetProgress> All => _all;

    public void Report(DatasetProgress value)
    {
        _all.Enqueue(value);
        then?.Invoke(value);
    }
}
