namespace Benchmarks.DataLoading;

/// <summary>One kind of loading, on both sides.</summary>
internal sealed class Work(string name, string kind, string folder, string? pack, int batch)
{
    private readonly Row _speed = new(name, "img/s");
    private readonly Row _proportional = new($"{name}: peak memory, shared pages once", "MB");
    private readonly Row _resident = new($"{name}: peak memory, shared pages in each process", "MB");

    public string Name => name;

    public string Kind => kind;

    /// <summary>What torchvision reads, and we do where there is no pack.</summary>
    public string Folder => folder;

    public string? Pack => pack;

    public int Batch => batch;

    public IEnumerable<Row> Rows() => [_speed, _proportional, _resident];

    public void Add(Measurement ours, Measurement reference)
    {
        _speed.Add(ours.ImagesPerSecond, reference.ImagesPerSecond);
        _proportional.Add(ours.Memory.Proportional, reference.Memory.Proportional);
        _resident.Add(ours.Memory.Resident, reference.Memory.Resident);
    }
}
