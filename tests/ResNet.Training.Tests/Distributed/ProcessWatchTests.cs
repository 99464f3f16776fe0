using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ResNet.Training.Distributed;

namespace ResNet.Training.Tests.Distributed;

public sealed class ProcessWatchTests
{
    private const int Size = 4;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(6);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void All_are_told_at_once_of_a_process_that_ends(int lost)
    {
        var watches = Connect(s_patience);
        var clock = Stopwatch.StartNew();
        // Its sockets are closed, as those of a process that is killed.
        watches[lost].Dispose();
        foreach (var watch in watches.Where((_, rank) => rank != lost))
        {
            watch.Lost.WaitHandle.WaitOne(s_patience).Should().BeTrue();
            (watch.LostRank, watch.LostHasFailed).Should().Be((lost, false));
        }
        clock.Elapsed.Should().BeLessThan(s_patience, "nobody had to wait for a silence");
        foreach (var watch in watches) watch.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void All_are_told_that_a_process_has_failed(int failed)
    {
        var watches = Connect(s_patience);
        watches[failed].Abandon();
        foreach (var watch in watches.Where((_, rank) => rank != failed))
        {
            watch.Lost.WaitHandle.WaitOne(s_patience).Should().BeTrue();
            (watch.LostRank, watch.LostHasFailed).Should().Be((failed, true));
        }
        foreach (var watch in watches) watch.Dispose();
    }

    [Fact]
    public async Task A_process_that_falls_silent_is_lost()
    {
        var (first, invitation) = Begin(size: 3, s_silence);
        var second = Task.Run(() => ProcessWatch.Connect(1, 3, bytes => invitation.CopyTo(bytes, 0), s_silence));
        using var silent = Greet(invitation, rank: 2);
        using var watch = await first;
        using var other = await second;
        foreach (var told in new[] { watch, other })
        {
            told.Lost.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)).Should().BeTrue();
            told.LostRank.Should().Be(2);
        }
    }

    [Fact]
    public void Processes_that_leave_are_not_lost()
    {
        for (int time = 0; time < 5; time++)
        {
            var watches = Connect(s_patience);
            var threads = watches.Select((watch, rank) => new Thread(() =>
            {
                Thread.Sleep(40 * ((rank + time) % Size));
                watch.Leave();
                watch.LostRank.Should().Be(-1);
                watch.Dispose();
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join(s_patience).Should().BeTrue());
            watches.Should().OnlyContain(watch => watch.LostRank == -1);
        }
    }

    [Fact]
    public void A_process_that_is_silent_for_less_than_the_patience_is_not_lost()
    {
        var watches = Connect(s_silence);
        Thread.Sleep(2 * s_silence);
        watches.Should().OnlyContain(watch => watch.LostRank == -1);
        foreach (var watch in watches) watch.Dispose();
    }

    [Fact]
    public async Task Strangers_are_turned_away()
    {
        var (first, invitation) = Begin(size: 2, s_patience);
        var forged = invitation.ToArray();
        forged[10] ^= 1;
        using var wrongToken = Greet(forged, rank: 1);
        using var wrongRank = Greet(invitation, rank: 2);
        using var hasty = Greet(invitation, rank: null);
        hasty.Dispose();
        using var other = ProcessWatch.Connect(1, 2, bytes => invitation.CopyTo(bytes, 0), s_patience);
        using var watch = await first;
        (watch.LostRank, other.LostRank).Should().Be((-1, -1));
    }

    [Fact]
    public void Processes_that_do_not_reach_each_other_are_refused()
    {
        byte[] invitation = [];
        Action alone = () => ProcessWatch.Connect(0, 3, bytes => invitation = bytes, s_silence).Dispose();
        alone.Should().Throw<CommunicationException>()
            .WithMessage("Process 1 of the run has not connected to the first one: allow TCP connections between the hosts.");
        // The first one has ended.
        Action late = () => ProcessWatch.Connect(2, 3, bytes => invitation.CopyTo(bytes, 0), s_silence).Dispose();
        late.Should().Throw<CommunicationException>()
            .WithMessage("Process 2 of the run cannot reach the first one at port *: allow TCP connections between the hosts.");
    }

    // The first process, which waits for the others, and what it sends them.
    private static (Task<ProcessWatch> First, byte[] Invitation) Begin(int size, TimeSpan patience)
    {
        byte[] invitation = [];
        var first = Task.Run(() => ProcessWatch.Connect(0, size, bytes => Volatile.Write(ref invitation, bytes), patience));
        SpinWait.SpinUntil(() => Volatile.Read(ref invitation).Length > 0);
        return (first, invitation);
    }

    private static ProcessWatch[] Connect(TimeSpan patience)
    {
        byte[] shared = [];
        using var barrier = new Barrier(Size);
        var watches = new ProcessWatch[Size];
        var threads = Enumerable.Range(0, Size).Select(rank => new Thread(() => watches[rank] = ProcessWatch.Connect(
            rank, Size,
            bytes =>
            {
                if (rank == 0) shared = bytes;
                barrier.SignalAndWait();
                if (rank != 0) shared.CopyTo(bytes, 0);
            },
            patience))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return watches;
    }

    // Connects as a process would, and says no more.
    private static Socket Greet(byte[] invitation, int? rank)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, BinaryPrimitives.ReadInt32LittleEndian(invitation));
        var greeting = new byte[20];
        invitation.AsSpan(8, 16).CopyTo(greeting);
        BinaryPrimitives.WriteInt32LittleEndian(greeting.AsSpan(16), rank ?? 0);
        socket.Send(greeting.AsSpan(0, rank is null ? 3 : greeting.Length));
        return socket;
    }
}
