using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResNet.Testing;

/// <summary>A local HTTP server of one file, with faults on request.</summary>
internal sealed class UnreliableServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, port: 0);
    private readonly ConcurrentQueue<Reply> _replies;
    private readonly Reply _last;
    private readonly ConcurrentQueue<long?> _requests = [];
    private readonly byte[] _content;
    private long _sent;

    /// <summary>Starts a server.</summary>
    /// <param name="content">The file.</param>
    /// <param name="replies">The replies to the requests in their order; the last reply also answers all further requests.</param>
    public UnreliableServer(byte[] content, params Reply[] replies)
    {
        _content = content;
        _replies = new(replies.SkipLast(1));
        _last = replies.LastOrDefault(new Reply());
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/models/weights.pth");
        _ = ServeAsync();
    }

    /// <summary>The server's reply to a request; by default a correct one.</summary>
    internal sealed record Reply
    {
        /// <summary>The status, sent with <see cref="Content"/> or an empty body; null to send the requested part of the file.</summary>
        public HttpStatusCode? Status { get; init; }

        /// <summary>An additional header line.</summary>
        public string? Header { get; init; }

        /// <summary>Whether the server sends the whole file if a part is requested.</summary>
        public bool IgnoresRanges { get; init; }

        /// <summary>The distance of the sent part from the requested part, in bytes.</summary>
        public int Shift { get; init; }

        /// <summary>The content that the server sends instead of the file.</summary>
        public byte[]? Content { get; init; }

        /// <summary>The number of bytes that the server announces but does not send; null to announce no length.</summary>
        public int? Excess { get; init; } = 0;

        /// <summary>The number of bytes of the body after which the server closes the connection.</summary>
        public int CutAfter { get; init; } = int.MaxValue;

        /// <summary>The task to wait for, after the bytes of <see cref="CutAfter"/> if they are set, otherwise before the reply.</summary>
        public Task Waits { get; init; } = Task.CompletedTask;
    }

    /// <summary>The file's address.</summary>
    public Uri Address { get; }

    /// <summary>The first requested byte of each request; null for requests of the whole file.</summary>
    public IReadOnlyCollection<long?> Requests => _requests;

    /// <summary>The total length of the sent bodies in bytes.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        while (true)
        {
            TcpClient connection;
            try
            {
                connection = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = AnswerAsync(connection);
        }
    }

    private async Task AnswerAsync(TcpClient connection)
    {
        using var _ = connection;
        try
        {
            var stream = connection.GetStream();
            long? asked = await ReadRequestAsync(stream);
            var reply = _replies.TryDequeue(out var next) ? next : _last;
            _requests.Enqueue(asked);
            if (reply.CutAfter == int.MaxValue) await reply.Waits;

            var (head, body) = Compose(reply, asked);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            body = body[..Math.Min(body.Length, reply.CutAfter)];
            await stream.WriteAsync(body);
            Interlocked.Add(ref _sent, body.Length);
            await reply.Waits;
        }
        catch (IOException)
        {
            // The client closed the connection.
        }
    }

    private static async Task<long?> ReadRequestAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        const string range = "Range: bytes=";
        long? asked = null;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.StartsWith(range, StringComparison.OrdinalIgnoreCase))
                asked = long.Parse(line[range.Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
        }
        return asked;
    }

    private (string Head, byte[] Body) Compose(Reply reply, long? asked)
    {
        byte[] body = reply.Content ?? _content;
        string status = "200 OK";
        string header = reply.Header is null ? "" : reply.Header + "\r\n";
        if (reply.Status is { } other)
        {
            (status, body) = ($"{(int)other} {other}", reply.Content ?? []);
        }
        else if (asked is { } from && !reply.IgnoresRanges)
        {
            if (from + reply.Shift >= body.Length)
            {
                header += $"Content-Range: bytes */{body.Length}\r\n";
                (status, body) = ("416 Range Not Satisfiable", []);
            }
            else
            {
                status = "206 Partial Content";
                header += $"Content-Range: bytes {from + reply.Shift}-{body.Length - 1}/{body.Length}\r\n";
                body = body[(int)(from + reply.Shift)..];
            }
        }
        if (reply.Excess is { } excess) header += $"Content-Length: {body.Length + excess}\r\n";
        return ($"HTTP/1.1 {status}\r\nConnection: close\r\n{header}\r\n", body);
    }
}
