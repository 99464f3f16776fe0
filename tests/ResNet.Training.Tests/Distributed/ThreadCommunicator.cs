using ResNet.Training.Distributed;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Distributed;

/// <summary>Threads of a test in place of processes.</summary>
internal sealed class ThreadCommunicator : ICommunicator
{
    private readonly Barrier _barrier;
    private readonly Tensor?[] _tensors;

    private ThreadCommunicator(int rank, Barrier barrier, Tensor?[] tensors) => (Rank, _barrier, _tensors) = (rank, barrier, tensors);

    public int Rank { get; }

    public int Size => _tensors.Length;

    /// <summary>Calls a function on so many threads, and returns their results.</summary>
    internal static T[] Run<T>(int size, Func<ICommunicator, T> act)
    {
        using var barrier = new Barrier(size);
        var tensors = new Tensor?[size];
        var (results, failures) = (new T[size], new Exception?[size]);
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = act(new ThreadCommunicator(rank, barrier, tensors));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                barrier.RemoveParticipant();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failures.OfType<Exception>().FirstOrDefault() is { } failure) throw failure;
        return results;
    }

    public void Sum(Tensor tensor) => Exchange(tensor, all =>
    {
        var sum = all[0]!.clone();
        foreach (var other in all.Skip(1)) sum.add_(other!);
        return sum;
    });

    public void Broadcast(Tensor tensor) => Exchange(tensor, all => all[0]!.clone());

    public void Barrier() => _barrier.SignalAndWait();

    private void Exchange(Tensor tensor, Func<Tensor?[], Tensor> compute)
    {
        using var untracked = no_grad();
        using var scope = NewDisposeScope();
        tensor.is_contiguous().Should().BeTrue("others need more than an address");
        _tensors[Rank] = tensor;
        Barrier();
        var result = compute(_tensors);
        Barrier();
        tensor.copy_(result);
    }
}
