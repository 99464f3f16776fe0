using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests;

/// <summary>Requests that want to break the service: it answers on, its memory comes back, and nothing is written to disk.</summary>
public sealed class HostileTests(Networks networks) : IClassFixture<Networks>
{
    private const int Clients = 16;
    private const long MemoryMegabytes = 300;

    [Fact]
    public Task A_thousand_mutated_uploads_get_answers_or_sentences() => Mutate(1_000);

    [LongFact]
    public Task A_hundred_thousand_mutated_uploads_get_answers_or_sentences() => Mutate(100_000);

    [Fact]
    public Task A_thousand_small_requests_leave_nothing() => Repeat(1_000);

    [LongFact]
    public Task A_million_small_requests_leave_nothing() => Repeat(1_000_000);

    [Fact]
    public async Task Bombs_are_refused()
    {
        await using var service = await Service.StartAsync(networks.First);
        long before = Megabytes();
        byte[][] bombs =
        [
            // Far fewer bytes than pixels: 30,000 x 30,000 of one colour.
            [.. "P6 30000 30000 255\n"u8], TestBmp.Encode(30_000, 30_000, 8, [0, 0, 0, 1], new byte[1024], compression: 1),
            Jpeg(30_000, 30_000), Jpeg(65_535, 65_535), [.. "GIF89a"u8, 255, 255, 255, 255, 0, 0, 0],
        ];
        foreach (byte[] bomb in bombs)
        {
            foreach (string type in new[] { "image/png", "image/gif" })
            {
                using var response = await service.SendAsync(bomb, type: type);
                (await Service.ProblemAsync(response)).Status.Should().Be(422);
            }
        }
        (Megabytes() - before).Should().BeLessThan(MemoryMegabytes);

        // The beginning of a JPEG of this size.
        static byte[] Jpeg(int width, int height) =>
        [
            0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width,
            3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0,
        ];
    }

    [Fact]
    public async Task Large_pictures_are_freed_when_they_are_answered()
    {
        await using var service = await Service.StartAsync(networks.First);
        // Few bytes, but 108 MB of pixels.
        byte[] large = PngEncoder.Encode(new byte[6_000 * 6_000], 6_000, 6_000, channels: 1), damaged = large[..^20];
        await service.ClassifyAsync(Service.Picture());
        long before = Megabytes();
        for (int i = 0; i < 6; i++)
        {
            var together = Enumerable.Range(0, 2).Select(_ => service.ClassifyAsync(large));
            using var refused = await service.SendAsync(damaged);
            refused.StatusCode.Should().Be(HttpStatusCode.UnprocessableEntity);
            await Task.WhenAll(together);
        }
        // Nobody collects garbage here but the service.
        ((Environment.WorkingSet >> 20) - before).Should().BeLessThan(MemoryMegabytes);
    }

    [Fact]
    public async Task Senders_of_broken_http_hold_nobody_up()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.RequestTimeout = TimeSpan.FromSeconds(1));
        string host = service.Client.BaseAddress!.Authority;
        string[] requests =
        [
            "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n",
            $"POST /classify HTTP/1.1\r\nHost: {host}\r\nX: {new string('x', 100_000)}\r\n\r\n",
            $"POST /classify HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            $"POST /classify HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
            $"POST /classify HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary={new string('b', 1000)}\r\n"
                + "Content-Length: 3\r\n\r\nabc",
            "\0\0\0\0\0\0\0\0\r\n\r\n",
        ];
        foreach (string request in requests)
        {
            string answer = await Exchange(service.Client.BaseAddress, request);
            answer.Should().MatchRegex(@"^(HTTP/1\.1 4\d\d |$)");
        }
        // Connections that send nothing more.
        var address = service.Client.BaseAddress;
        byte[] beginning = Encoding.ASCII.GetBytes($"POST /classify HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9999\r\n\r\nab");
        var idle = Enumerable.Range(0, 50).Select(_ => new TcpClient(address.Host, address.Port)).ToList();
        foreach (var client in idle) await client.GetStream().WriteAsync(beginning);
        await service.ClassifyAsync(Service.Picture());
        idle.ForEach(client => client.Dispose());
        await service.ClassifyAsync(Service.Picture());
    }

    private static async Task<string> Exchange(Uri address, string request)
    {
        using var client = new TcpClient(address.Host, address.Port);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
            client.Client.Shutdown(SocketShutdown.Send);
            return await new StreamReader(stream).ReadToEndAsync();
        }
        catch (IOException)
        {
            // The service has hung up.
            return "";
        }
    }

    private async Task Mutate(int count)
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[][] originals = [.. HostileImages.Originals(), .. HostileImages.Gifs(), Service.Picture()];
        await Hold(service, count, async (client, i) =>
        {
            var random = new Random(i);
            byte[] file = [.. originals[i % originals.Length]];
            for (int n = random.Next(1, 6); n > 0; n--) file[random.Next(file.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) file = file[..random.Next(file.Length)];
            string type = random.Next(3) switch { 0 => "image/gif", 1 => "image/png", _ => "multipart/form-data; boundary=b" };
            if (type[0] == 'm')
                file = [.. "--b\r\nContent-Disposition: form-data; name=x; filename=a.gif\r\n\r\n"u8, .. file, .. "\r\n--b--\r\n"u8];
            using var content = new ByteArrayContent(file);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            using var response = await client.PostAsync(random.Next(2) == 0 ? "/classify" : "/classify?heatMap=true", content);
            if (response.StatusCode == HttpStatusCode.OK) return;
            var (status, sentence) = await Service.ProblemAsync(response);
            status.Should().BeOneOf(400, 422);
            sentence.Should().NotBeEmpty();
        });
    }

    private async Task Repeat(int count)
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[] picture = TestBmp.Encode(1, 1, 24, [1, 2, 3, 0]);
        await Hold(service, count, async (client, _) =>
        {
            using var content = new ByteArrayContent(picture);
            using var response = await client.PostAsync("/classify?count=1", content);
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        });
    }

    // Sends requests from several clients; afterwards the service answers, and has freed its memory.
    private static async Task Hold(Service service, int count, Func<HttpClient, int, Task> send)
    {
        string temporary = Path.GetTempPath();
        await service.ClassifyAsync(Service.Picture());
        string[] files = Directory.GetFiles(temporary);
        long before = Megabytes();
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i <= count; i = Interlocked.Increment(ref next))
                await send(service.Client, i);
        }));
        (await service.ClassifyAsync(Service.Picture())).GetProperty("model").GetString().Should().StartWith("first@");
        service.Classifier.Uploads.Used.Should().Be(0);
        (Megabytes() - before).Should().BeLessThan(MemoryMegabytes);
        Directory.GetFiles(temporary).Except(files)
            .Where(file => Path.GetFileName(file).StartsWith("ASPNETCORE", StringComparison.Ordinal))
            .Should().BeEmpty("forms are not buffered on disk");
    }

    private static long Megabytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet >> 20;
    }
}
