namespace Benchmarks.Training;

/// <summary>A job on our side and on an opponent's.</summary>
internal sealed class Duel(Job job, Opponent opponent)
{
    private readonly Row _speed = new($"{job.Name}, PyTorch {opponent.Name}", "img/s");
    private readonly Row _proportional = new($"{job.Name}, PyTorch {opponent.Name}: peak memory, shared pages once", "MB");
    private readonly Row _resident = new($"{job.Name}, PyTorch {opponent.Name}: peak memory, shared pages in each process", "MB");

    public Job Job => job;

    public Opponent Opponent => opponent;

    public IEnumerable<Row> Rows() => [_speed, _proportional, _resident];

    public void Add(Measurement ours, Measurement reference)
    {
        _speed.Add(ours.ImagesPerSecond, reference.ImagesPerSecond);
        _proportional.Add(ours.Memory.Proportional, reference.Memory.Proportional);
        _resident.Add(ours.Memory.Resident, reference.Memory.Resident);
    }
}
