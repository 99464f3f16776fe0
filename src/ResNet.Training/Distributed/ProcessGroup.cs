using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>What the processes of a run do together. All of them call the same methods in the same order.</summary>
/// <param name="communicator">The processes, at least two.</param>
internal sealed class ProcessGroup(ICommunicator communicator)
{
    /// <summary>Whether this process writes files.</summary>
    internal bool IsFirst => communicator.Rank == 0;

    /// <summary>The number of this process.</summary>
    internal int Rank => communicator.Rank;

    /// <summary>The number of processes.</summary>
    internal int Size => communicator.Size;

    /// <summary>The time that this process has spent in operations with the others.</summary>
    internal TimeSpan Waited { get; private set; }

    /// <summary>Cancelled when another process is lost; the next operation throws then.</summary>
    internal CancellationToken Lost => communicator.Lost;

    /// <summary>Tells the others that this process has failed.</summary>
    internal void Abandon() => communicator.Abandon();

    /// <summary>Throws if another process is lost.</summary>
    internal void ThrowIfLost()
    {
        if (Lost.IsCancellationRequested) communicator.Barrier();
    }

    /// <summary>Prepares for the tensors of this process's device.</summary>
    internal void UseDevice(Device device) => communicator.UseDevice(device);

    /// <summary>Returns whether something is so in any process.</summary>
    internal bool IsAny(bool here) => Sum(here ? 1 : 0)[0] > 0;

    /// <summary>Returns whether all processes have the same text.</summary>
    internal bool IsSame(string text)
    {
        // 48 bits, which a double holds.
        double digest = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) >> 16;
        double first = Sum(IsFirst ? digest : 0)[0];
        return !IsAny(digest != first);
    }

    /// <summary>Names the first of some parts that is not the same in all processes, which have the same names; null if all are.</summary>
    internal string? FindDifferent(IReadOnlyList<(string Name, string Text)> parts) =>
        IsSame(string.Join('\n', parts)) ? null : parts.First(part => !IsSame(part.Text)).Name;

    /// <summary>Returns the sums of some numbers over all processes.</summary>
    internal double[] Sum(params double[] numbers)
    {
        using var all = tensor(numbers);
        Wait(() => communicator.Sum(all));
        return all.data<double>().ToArray();
    }

    /// <summary>Replaces tensors by their sums over all processes.</summary>
    internal void Sum(params Tensor?[] tensors)
    {
        foreach (var tensor in tensors) if (tensor is not null) Wait(() => communicator.Sum(tensor));
    }

    /// <summary>Begins to replace a tensor by the sum over all processes, and goes on with the sums that were begun before.</summary>
    internal void BeginSum(Tensor tensor) => Wait(() => communicator.BeginSum(tensor));

    /// <summary>Goes on with the sums that were begun.</summary>
    internal void AdvanceSums() => Wait(communicator.AdvanceSums);

    /// <summary>Waits for the sums that were begun.</summary>
    internal void EndSums() => Wait(communicator.EndSums);

    /// <summary>Replaces a tensor by that of the first process.</summary>
    internal void Broadcast(Tensor tensor) => Wait(() => communicator.Broadcast(tensor));

    private void Wait(Action operation)
    {
        long begin = Stopwatch.GetTimestamp();
        operation();
        Waited += Stopwatch.GetElapsedTime(begin);
    }
}
