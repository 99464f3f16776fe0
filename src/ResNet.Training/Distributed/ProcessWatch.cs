using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ResNet.Training.Distributed;

/// <summary>
/// Notices when another process of a run ends or cannot be reached, also while this one computes: an operation of MPI waits for ever then.
/// </summary>
/// <remarks>
/// Every process has a connection to the first one, over which both send a byte each second. A process that is killed closes its connection
/// at once; a host that is cut off is silent. The first process tells the others.
/// </remarks>
internal sealed class ProcessWatch : IDisposable
{
    private const int TokenBytes = 16, GreetingBytes = TokenBytes + sizeof(int), AddressBytes = 16, MostAddresses = 30, NoRank = -1;

    // The port, the number of addresses, the token and the addresses, as the first process sends them to the others.
    private const int InvitationBytes = (2 * sizeof(int)) + TokenBytes + (MostAddresses * AddressBytes);

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    private readonly int _rank;
    private readonly TimeSpan _patience;
    private readonly List<WatchedProcess> _others = [];
    private readonly CancellationTokenSource _lost = new();
    private readonly ManualResetEventSlim _allLeave = new();
    private readonly Thread _thread;
    private volatile bool _leaves;
    private volatile bool _fails;
    private volatile bool _isClosed;

    private ProcessWatch(int rank, TimeSpan patience)
    {
        (_rank, _patience, Lost) = (rank, patience, _lost.Token);
        _thread = new Thread(Watch) { IsBackground = true, Name = "Watch of the processes" };
    }

    /// <summary>The longest silence of a process that is taken for alive.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromSeconds(15);

    /// <summary>Cancelled when a process is lost.</summary>
    internal CancellationToken Lost { get; }

    /// <summary>The process that was lost first; -1 if none is.</summary>
    internal int LostRank { get; private set; } = NoRank;

    /// <summary>Whether that process has told that it failed.</summary>
    internal bool LostHasFailed { get; private set; }

    /// <summary>Connects the processes; all of them call it together.</summary>
    /// <param name="rank">The number of this process.</param>
    /// <param name="size">The number of processes.</param>
    /// <param name="broadcast">Replaces bytes by those of the first process.</param>
    /// <param name="patience">The longest silence of a process that is taken for alive, and the longest wait for connections.</param>
    /// <exception cref="CommunicationException">The processes do not reach each other.</exception>
    internal static ProcessWatch Connect(int rank, int size, Action<byte[]> broadcast, TimeSpan patience)
    {
        var watch = new ProcessWatch(rank, patience);
        try
        {
            if (rank == 0) watch.Invite(size, broadcast);
            else watch.Accept(broadcast);
        }
        catch
        {
            watch.CloseSockets();
            throw;
        }
        watch._thread.Start();
        return watch;
    }

    /// <summary>Tells the others that this process ends as it should, and waits until they do so.</summary>
    internal void Leave()
    {
        _leaves = true;
        _allLeave.Wait(_patience);
    }

    /// <summary>Tells the others that this process has failed, and closes the connections.</summary>
    internal void Abandon()
    {
        _fails = true;
        Dispose();
    }

    public void Dispose()
    {
        if (_isClosed) return;
        _isClosed = true;
        _thread.Join();
        CloseSockets();
        _lost.Dispose();
        _allLeave.Dispose();
    }

    private void Invite(int size, Action<byte[]> broadcast)
    {
        using var listener = CreateSocket();
        listener.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
        listener.Listen(size * MostAddresses);
        var addresses = OwnAddresses();
        var invitation = new byte[InvitationBytes];
        BinaryPrimitives.WriteInt32LittleEndian(invitation, ((IPEndPoint)listener.LocalEndPoint!).Port);
        BinaryPrimitives.WriteInt32LittleEndian(invitation.AsSpan(sizeof(int)), addresses.Count);
        var token = invitation.AsSpan(2 * sizeof(int), TokenBytes);
        RandomNumberGenerator.Fill(token);
        for (int i = 0; i < addresses.Count; i++)
            addresses[i].MapToIPv6().GetAddressBytes().CopyTo(invitation.AsSpan(InvitationBytes - ((MostAddresses - i) * AddressBytes)));
        broadcast(invitation);
        Await(listener, size, token.ToArray());
    }

    // Anybody may connect, and say nothing.
    private void Await(Socket listener, int size, byte[] token)
    {
        var guests = new List<Guest>();
        try
        {
            for (long begin = Stopwatch.GetTimestamp(); _others.Count < size - 1;)
            {
                if (Stopwatch.GetElapsedTime(begin) > _patience)
                {
                    int missing = Enumerable.Range(1, size - 1).First(rank => _others.TrueForAll(other => other.Rank != rank));
                    throw new CommunicationException(
                        $"Process {missing} of the run has not connected to the first one: allow TCP connections between the hosts.");
                }
                List<Socket> readable = [listener, .. guests.Select(guest => guest.Socket)];
                Socket.Select(readable, checkWrite: null, checkError: null, s_look);
                foreach (var guest in guests.Where(guest => readable.Contains(guest.Socket)).ToList())
                {
                    if (!guest.Reads(token)) continue;
                    guests.Remove(guest);
                    if (guest.Rank is not { } rank || rank < 1 || rank >= size || _others.Exists(other => other.Rank == rank))
                    {
                        guest.Socket.Dispose();
                        continue;
                    }
                    _others.Add(new WatchedProcess(rank, guest.Socket));
                    _others[^1].Send(WatchMessage.Welcome);
                }
                if (readable.Contains(listener)) guests.Add(new Guest(listener.Accept()));
            }
        }
        finally
        {
            foreach (var guest in guests) guest.Socket.Dispose();
        }
    }

    private void Accept(Action<byte[]> broadcast)
    {
        var invitation = new byte[InvitationBytes];
        broadcast(invitation);
        int port = BinaryPrimitives.ReadInt32LittleEndian(invitation);
        int count = BinaryPrimitives.ReadInt32LittleEndian(invitation.AsSpan(sizeof(int)));
        var addresses = Enumerable.Range(0, count)
            .Select(i => new IPAddress(invitation.AsSpan(InvitationBytes - ((MostAddresses - i) * AddressBytes), AddressBytes)))
            .Where(address => Socket.OSSupportsIPv6 || address.IsIPv4MappedToIPv6)
            .ToList();
        var greeting = new byte[GreetingBytes];
        invitation.AsSpan(2 * sizeof(int), TokenBytes).CopyTo(greeting);
        BinaryPrimitives.WriteInt32LittleEndian(greeting.AsSpan(TokenBytes), _rank);
        // The address of the first process may lead to another host here: it is the one that answers.
        foreach (var socket in ConnectToAll(addresses, port))
        {
            var first = new WatchedProcess(0, socket);
            if (_others.Count == 0 && IsWelcome(first, greeting)) _others.Add(first);
            else first.Dispose();
        }
        if (_others.Count > 0) return;
        throw new CommunicationException(
            $"Process {_rank} of the run cannot reach the first one at port {port} of {string.Join(", ", addresses)}: "
            + "allow TCP connections between the hosts.");
    }

    // In the order in which the connections are made.
    private IEnumerable<Socket> ConnectToAll(List<IPAddress> addresses, int port)
    {
        using var stop = new CancellationTokenSource(_patience);
        var attempts = addresses.ConvertAll(address => ConnectAsync(address, port, stop.Token));
        while (attempts.Count > 0)
        {
            var first = Task.WhenAny(attempts).GetAwaiter().GetResult();
            attempts.Remove(first);
            if (first.GetAwaiter().GetResult() is not { } socket) continue;
            yield return socket;
            if (_others.Count > 0) stop.Cancel();
        }
    }

    // For both versions of IP, where the system has both.
    private static Socket CreateSocket() => Socket.OSSupportsIPv6
        ? new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true }
        : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static async Task<Socket?> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = CreateSocket();
        try
        {
            var place = Socket.OSSupportsIPv6 ? address : address.MapToIPv4();
            await socket.ConnectAsync(new IPEndPoint(place, port), cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    private bool IsWelcome(WatchedProcess first, byte[] greeting)
    {
        try
        {
            (first.Socket.NoDelay, first.Socket.ReceiveTimeout) = (true, (int)_patience.TotalMilliseconds);
            first.Socket.Send(greeting);
        }
        catch (SocketException)
        {
            return false;
        }
        return first.IsWelcoming();
    }

    // Of this host, those that others may reach first.
    private static List<IPAddress> OwnAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus != OperationalStatus.Down)
            .OrderBy(network => network.NetworkInterfaceType == NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal && (Socket.OSSupportsIPv6 || address.AddressFamily == AddressFamily.InterNetwork))
            .Append(IPAddress.Loopback)
            .Distinct()
            .Take(MostAddresses),
    ];

    private void Watch()
    {
        long spoke = 0;
        bool hasLeft = false;
        while (!_isClosed && LostRank == NoRank)
        {
            if (_leaves && !hasLeft)
            {
                hasLeft = true;
                foreach (var other in _others) other.Send(WatchMessage.Farewell);
            }
            var present = _others.Where(other => !other.HasLeft).ToList();
            if (present.Count == 0 && hasLeft) break;
            Listen(present);
            if (hasLeft || Stopwatch.GetElapsedTime(spoke) < s_interval) continue;
            spoke = Stopwatch.GetTimestamp();
            foreach (var other in _others) other.Send(WatchMessage.Alive);
        }
        if (_fails) foreach (var other in _others) other.Send(WatchMessage.Failure, _rank);
        _allLeave.Set();
    }

    private void Listen(List<WatchedProcess> others)
    {
        var readable = others.ConvertAll(other => other.Socket);
        if (readable.Count > 0) Socket.Select(readable, checkWrite: null, checkError: null, s_look);
        else Thread.Sleep(s_look);
        foreach (var other in others)
        {
            if (readable.Contains(other.Socket) && other.Receive() is { } lost) Lose(lost.Rank, lost.HasFailed);
            else if (other.Silence > _patience) Lose(other.Rank);
        }
    }

    private void Lose(int rank, bool hasFailed = false)
    {
        if (LostRank != NoRank) return;
        (LostHasFailed, LostRank) = (hasFailed, rank);
        // The first process alone knows all others.
        var message = hasFailed ? WatchMessage.Failure : WatchMessage.Loss;
        if (_rank == 0) foreach (var other in _others.Where(other => other.Rank != rank)) other.Send(message, rank);
        try
        {
            _lost.Cancel();
        }
        catch (AggregateException)
        {
            // Others listen to the token; whatever they throw, this process learns of the loss.
        }
    }

    private void CloseSockets()
    {
        foreach (var other in _others) other.Dispose();
    }

    // One that has connected to the first process.
    private sealed class Guest(Socket socket)
    {
        private readonly byte[] _greeting = new byte[GreetingBytes];
        private int _count;

        internal Socket Socket { get; } = socket;

        // Null for a stranger.
        internal int? Rank { get; private set; }

        // Returns whether it has said all, or has left.
        internal bool Reads(ReadOnlySpan<byte> token)
        {
            try
            {
                Socket.NoDelay = true;
                int count = Socket.Receive(_greeting.AsSpan(_count));
                if (count == 0) return true;
                _count += count;
            }
            catch (SocketException)
            {
                return true;
            }
            if (_count < GreetingBytes) return false;
            if (CryptographicOperations.FixedTimeEquals(_greeting.AsSpan(0, TokenBytes), token))
                Rank = BinaryPrimitives.ReadInt32LittleEndian(_greeting.AsSpan(TokenBytes));
            return true;
        }
    }
}
