using System.Collections.Concurrent;
using ResNet.Training.Data.Datasets;

namespace ResNet.Training.Tests.Data.Datasets;

/// <summary>Keeps what is reported, and does something at each report.</summary>
internal sealed class Reports(Action<DatasetProgress>? then = null) : IProgress<DatasetProgress>
{
    private readonly ConcurrentQueue<DatasetProgress> _all = [];

    public IReadOnlyCollection<DatasetProgress> All => _all;

    public void Report(DatasetProgress value)
    {
        _all.Enqueue(value);
        then?.Invoke(value);
    }
}
