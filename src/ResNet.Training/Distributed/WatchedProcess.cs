using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;

namespace ResNet.Training.Distributed;

/// <summary>What processes tell each other besides numbers.</summary>
internal enum WatchMessage : byte
{
    /// <summary>The first process knows this one.</summary>
    Welcome = 1,

    /// <summary>This process is there.</summary>
    Alive,

    /// <summary>This process ends as it should.</summary>
    Farewell,

    /// <summary>A process is lost.</summary>
    Loss,

    /// <summary>A process has failed, and says why.</summary>
    Failure,
}

/// <summary>A process at the other end of a connection.</summary>
/// <param name="rank">Its number.</param>
/// <param name="socket">The connection.</param>
internal sealed class WatchedProcess(int rank, Socket socket) : IDisposable
{
    // A message and the number of a process.
    private const int Length = 1 + sizeof(int);

    private readonly byte[] _bytes = new byte[16 * Length];
    private int _count;
    private long _heard = Stopwatch.GetTimestamp();
    private bool _hasWelcomed;

    internal int Rank { get; } = rank;

    internal Socket Socket { get; } = socket;

    /// <summary>Whether it has ended as it should.</summary>
    internal bool HasLeft { get; private set; }

    /// <summary>How long it has said nothing.</summary>
    internal TimeSpan Silence => Stopwatch.GetElapsedTime(_heard);

    /// <summary>Sends a message; a connection that has broken is noticed on receiving.</summary>
    internal void Send(WatchMessage message, int about = 0)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = (byte)message;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], about);
        try
        {
            Socket.Send(bytes);
        }
        catch (SocketException)
        {
            // The other side has closed it, or has not read for so long that the buffers are full.
        }
    }

    /// <summary>Receives what has arrived.</summary>
    /// <returns>The number of a process that is lost, this one or one that it has lost, and whether that has failed.</returns>
    internal (int Rank, bool HasFailed)? Receive()
    {
        try
        {
            int count = Socket.Receive(_bytes.AsSpan(_count));
            if (count == 0) return (Rank, false);
            _count += count;
        }
        catch (SocketException)
        {
            return (Rank, false);
        }
        _heard = Stopwatch.GetTimestamp();
        int read = 0;
        for (; _count - read >= Length; read += Length)
        {
            var message = (WatchMessage)_bytes[read];
            if (message is WatchMessage.Loss or WatchMessage.Failure)
                return (BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(read + 1)), message == WatchMessage.Failure);
            HasLeft |= message == WatchMessage.Farewell;
            _hasWelcomed |= message == WatchMessage.Welcome;
        }
        // The rest of a message comes later.
        _bytes.AsSpan(read, _count - read).CopyTo(_bytes);
        _count -= read;
        return null;
    }

    /// <summary>Waits until it says welcome, as long as the socket waits.</summary>
    internal bool IsWelcoming()
    {
        while (!_hasWelcomed) if (Receive() is not null) return false;
        return true;
    }

    public void Dispose() => Socket.Dispose();
}
