using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests.Http;

/// <summary>Each request that cannot be answered gets a status and one sentence.</summary>
public sealed class RefusalTests(Networks networks) : IClassFixture<Networks>
{
    private const int Bytes = 20_000;

    [Theory]
    [InlineData("?count=0", 400, "'count' is '0', but has to be a number of at least 1.")]
    [InlineData("?count=many", 400, "'count' is 'many', but has to be a number of at least 1.")]
    [InlineData("?count=-3", 400, "'count' is '-3', but has to be a number of at least 1.")]
    [InlineData("?heatMap=yes", 400, "'heatMap' is 'yes', but has to be true, false or png.")]
    [InlineData("?class=class+1", 400, "'class' is the class of the heat map: ask for one by heatMap=true.")]
    [InlineData("?class=&heatMap=true", 400, "'class' is empty: name a class, or leave it out.")]
    [InlineData("?image=cat.jpg", 400, "'image' is no file: send the picture as one (curl -F image=@cat.jpg).")]
    [InlineData("?top=3", 400, "There is no parameter 'top': give count, heatMap or class.")]
    public async Task A_parameter_that_cannot_be_used_is_named(string query, int status, string sentence)
    {
        await using var service = await Service.StartAsync(networks.First);
        using var response = await service.SendAsync(Service.Picture(), query);
        (await Service.ProblemAsync(response)).Should().Be((status, sentence));
    }

    [Fact]
    public async Task A_class_that_the_network_does_not_know_is_named()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var response = await service.SendAsync(Service.Picture(), "?heatMap=true&class=dog");
        var (status, sentence) = await Service.ProblemAsync(response);
        status.Should().Be(400);
        sentence.Should().Be("'class' is 'dog', but has to be one of the classes of this network.");
    }

    [Fact]
    public async Task Types_of_requests_that_are_not_read_are_named()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var response = await service.SendAsync(Service.Picture(), type: "text/plain");
        (await Service.ProblemAsync(response)).Should().Be((
            415, "The type 'text/plain' is not accepted: send a picture (image/*), a form (multipart/form-data) or application/json."));
    }

    [Fact]
    public async Task What_is_no_picture_or_damaged_gets_the_decoders_sentence()
    {
        await using var service = await Service.StartAsync(networks.First);
        foreach (byte[] bytes in new[] { "<html></html>"u8.ToArray(), Service.Picture()[..^40], [0] })
        {
            using var response = await service.SendAsync(bytes);
            var (status, sentence) = await Service.ProblemAsync(response);
            status.Should().Be(422);
            sentence.Should().MatchRegex(@"^Cannot read the image 'picture': .+\.$");
        }
    }

    [Fact]
    public async Task An_empty_request_has_no_picture()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var empty = await service.SendAsync([]);
        (await Service.ProblemAsync(empty)).Should().Be((400, "The request has no picture: its body is empty."));
        using var form = new MultipartFormDataContent { { new StringContent("3"), "count" } };
        using var fields = await service.Client.PostAsync("/classify", form);
        (await Service.ProblemAsync(fields)).Should().Be((400, "The request has no picture: send one."));
        using var file = new MultipartFormDataContent { { new ByteArrayContent([]), "image", "cat.jpg" } };
        using var emptyFile = await service.Client.PostAsync("/classify", file);
        (await Service.ProblemAsync(emptyFile)).Should().Be((400, "The picture 'cat.jpg' is empty."));
    }

    [Theory]
    [InlineData("[]", "The JSON is no object.")]
    [InlineData("{", "The JSON is damaged in line 1, byte 2.")]
    [InlineData("{}", "The request has no picture: send one.")]
    [InlineData("{\"image\": 3}", "A picture has to be a text in base64.")]
    [InlineData("{\"image\": \"?\"}", "The picture 'picture' is not base64.")]
    [InlineData("{\"image\": \"\"}", "The picture 'picture' is empty.")]
    [InlineData("{\"images\": \"AAAA\"}", "'images' has to be an array of pictures in base64.")]
    [InlineData("{\"count\": [1]}", "'count' has to be a text, a number, true or false.")]
    [InlineData("{\"imgae\": \"AAAA\"}", "There is no parameter 'imgae': give image, images, count, heatMap or class.")]
    [InlineData("{\"file\": \"AAAA\"}", "There is no parameter 'file': give image, images, count, heatMap or class.")]
    [InlineData("{\"images\": [\"AAAA\", \"_\"]}", "The picture 'picture 2' is not base64.")]
    [InlineData("{\"image\": \"AAAA\"} 1", "The JSON is damaged in line 1, byte 19.")]
    [InlineData("{\"count\": {\"b\": {\"c\": {\"d\": 1}}}}", "'count' has to be a text, a number, true or false.")]
    public async Task Json_that_cannot_be_used_is_described(string json, string sentence)
    {
        await using var service = await Service.StartAsync(networks.First);
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await service.Client.PostAsync("/classify", content);
        (await Service.ProblemAsync(response)).Should().Be((400, sentence));
    }

    [Fact]
    public async Task A_picture_under_a_mistyped_name_is_told_the_right_ones()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var content = new StringContent($"{{\"imgae\": \"{new string('A', 10_000)}\"}}", Encoding.UTF8, "application/json");
        using var response = await service.Client.PostAsync("/classify", content);
        (await Service.ProblemAsync(response)).Should().Be(
            (400, "There is no parameter 'imgae': give image, images, count, heatMap or class."));
    }

    [Theory]
    [InlineData("multipart/form-data", "", "The form has no boundary, or too long a one.")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\n\r\nfoo\r\n--x--\r\n", "A part of the form has no Content-Disposition.")]
    [InlineData(
        "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"i\"; fil",
        "The form is damaged, or ends too early.")]
    [InlineData("multipart/form-data; boundary=x", "nothing", "The form is damaged, or ends too early.")]
    public async Task A_form_that_cannot_be_read_is_described(string type, string body, string sentence)
    {
        await using var service = await Service.StartAsync(networks.First);
        using var response = await service.SendAsync(Encoding.ASCII.GetBytes(body), type: type);
        (await Service.ProblemAsync(response)).Should().Be((400, sentence));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Files_above_the_limit_are_refused_whether_their_length_is_said_or_not(bool says)
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumPictureBytes = Bytes);
        byte[] large = new byte[Bytes + 1];
        using var content = says ? new ByteArrayContent(large) : (HttpContent)new StreamContent(new Unseekable(large));
        content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        using var response = await service.Client.PostAsync("/classify", content);
        (await Service.ProblemAsync(response)).Should().Be(
            (413, $"The file of 'picture' is larger than {Bytes} bytes, the most that is read."));
        service.Classifier.Uploads.Used.Should().Be(0);
    }

    [Fact]
    public async Task Files_above_the_limit_are_refused_in_forms_and_json()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumPictureBytes = Bytes);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[Bytes + 1]), "image", "cat.jpg" } };
        using var ofForm = await service.Client.PostAsync("/classify", form);
        (await Service.ProblemAsync(ofForm)).Should().Be(
            (413, $"The file of 'cat.jpg' is larger than {Bytes} bytes, the most that is read."));
        using var json = new StringContent(
            $$"""{"image": "{{Convert.ToBase64String(new byte[Bytes + 1])}}"}""", Encoding.UTF8, "application/json");
        using var ofJson = await service.Client.PostAsync("/classify", json);
        (await Service.ProblemAsync(ofJson)).Status.Should().Be(413);
        // A field that is no file.
        using var text = new MultipartFormDataContent { { new StringContent(new string('x', 5000)), "class" } };
        using var ofText = await service.Client.PostAsync("/classify", text);
        (await Service.ProblemAsync(ofText)).Should().Be(
            (413, "The field 'class' is longer than 4096 bytes; send a picture as a file."));
    }

    [Fact]
    public async Task More_pictures_than_the_limit_are_refused()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumPictures = 2);
        using var form = new MultipartFormDataContent();
        for (int i = 0; i < 3; i++) form.Add(new ByteArrayContent(Service.Picture(i)), "image", $"{i}.png");
        using var response = await service.Client.PostAsync("/classify", form);
        (await Service.ProblemAsync(response)).Should().Be((413, "There are more than 2 pictures: send fewer at once."));
        using var two = new MultipartFormDataContent();
        for (int i = 0; i < 2; i++) two.Add(new ByteArrayContent(Service.Picture(i)), "image", $"{i}.png");
        using var png = await service.Client.PostAsync("/classify?heatMap=png", two);
        (await Service.ProblemAsync(png)).Should().Be(
            (400, "heatMap=png answers a single picture, but there are 2: ask for heatMap=true."));
    }

    [Fact]
    public async Task Pictures_with_too_many_pixels_are_refused_before_they_are_decoded()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumPixels = 60 * 48);
        (await service.ClassifyAsync(Service.Picture(width: 60, height: 48))).GetProperty("model").GetString().Should().NotBeNull();
        byte[][] files =
        [
            Service.Picture(width: 61, height: 48), TestBmp.Encode(61, 48, 24, new byte[184 * 48]),
            // Their headers promise more than a gigabyte.
            [.. "P6 20000 20000 255\n"u8], TestBmp.Encode(20_000, 20_000, 24, []),
        ];
        foreach (byte[] file in files)
        {
            using var response = await service.SendAsync(file);
            var (status, sentence) = await Service.ProblemAsync(response);
            status.Should().Be(422);
            sentence.Should().EndWith("pixels and 2,880 are the most that is read.");
        }
    }

    [Fact]
    public async Task One_bad_picture_of_several_is_named()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Service.Picture()), "image", "good.png" }, { new ByteArrayContent([1, 2, 3]), "image", "bad.png" },
        };
        using var response = await service.Client.PostAsync("/classify", form);
        var (status, sentence) = await Service.ProblemAsync(response);
        status.Should().Be(422);
        sentence.Should().StartWith("Cannot read the image 'bad.png':");
    }

    [Fact]
    public async Task Uploads_beyond_the_memory_for_all_are_refused_until_there_is_some_again()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            options.MaximumPictureBytes = 100_000;
            options.MaximumUploadBytes = 100_000;
        });
        service.Classifier.Uploads.TryTake(95_000).Should().BeTrue();
        using (var response = await service.SendAsync(Service.Picture()))
        {
            (await Service.ProblemAsync(response)).Should().Be(
                (429, "Too many pictures are being uploaded: try again after the time of the header Retry-After."));
            response.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(1));
        }
        service.Classifier.Uploads.Return(95_000);
        await service.ClassifyAsync(Service.Picture());
        service.Classifier.Uploads.Used.Should().Be(0);
    }

    [Fact]
    public async Task Memory_that_a_request_took_is_returned_to_the_byte()
    {
        await using var service = await Service.StartAsync(networks.First);
        foreach (int bytes in new[] { 1, 2, 3, 15, 17, 100, 5_000, 20_000, 70_000 })
        {
            using var json = new StringContent(
                $$"""{"image": "{{Convert.ToBase64String(new byte[bytes])}}", "class": "a\/b"}""", Encoding.UTF8, "application/json");
            using var ofJson = await service.Client.PostAsync("/classify", json);
            using var body = await service.SendAsync(new byte[bytes]);
            using var form = new MultipartFormDataContent
            {
                { new ByteArrayContent(new byte[bytes]), "image", "a.png" }, { new StringContent("3"), "count" },
            };
            using var ofForm = await service.Client.PostAsync("/classify", form);
            service.Classifier.Uploads.Used.Should().Be(0, "of {0} bytes nothing is left, neither more nor less", bytes);
        }
    }

    [Fact]
    public async Task A_picture_as_large_as_all_of_the_memory_is_read()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => (options.MaximumPictureBytes, options.MaximumUploadBytes) = (100_000, 100_000));
        byte[] picture = Service.Picture();
        Array.Resize(ref picture, 100_000);
        using var response = await service.SendAsync(picture);
        (await response.Content.ReadAsStringAsync()).Should().StartWith("{\"model\"");
    }

    [Fact]
    public async Task A_request_that_needs_more_than_the_memory_for_all_is_never_told_to_try_again()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.MaximumPictureBytes, options.MaximumUploadBytes) = (100_000, 300_000);
        });
        using var form = new MultipartFormDataContent();
        for (int i = 0; i < 4; i++) form.Add(new ByteArrayContent(new byte[90_000]), "image", $"{i}.png");
        using var response = await service.Client.PostAsync("/classify", form);
        (await Service.ProblemAsync(response)).Should().Be(
            (413, "The request needs more memory than the 300000 bytes for all of them: send fewer pictures at once."));
        service.Classifier.Uploads.Used.Should().Be(0);
    }

    [Fact]
    public async Task Pictures_as_large_as_the_limits_allow_are_read()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.MaximumPictureBytes, options.MaximumPictures, options.MaximumUploadBytes) = (1 << 20, 4, 4 << 20);
        });
        using var form = new MultipartFormDataContent();
        byte[] picture = Service.Picture();
        Array.Resize(ref picture, 1 << 20);
        for (int i = 0; i < 4; i++) form.Add(new ByteArrayContent(picture), "image", $"{i}.png");
        using var response = await service.Client.PostAsync("/classify", form);
        (await response.Content.ReadAsStringAsync()).Should().StartWith("{\"model\"");
    }

    [Fact]
    public async Task Long_texts_of_a_sender_are_not_sent_back()
    {
        await using var service = await Service.StartAsync(networks.First);
        string text = new('a', 3_000_000);
        foreach (string json in new[] { $$"""{"count": "{{text}}"}""", $$"""{"{{text}}": 1}""", $$"""{"x{{text[..4000]}}": 1}""" })
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var response = await service.Client.PostAsync("/classify", content);
            var (status, sentence) = await Service.ProblemAsync(response);
            status.Should().Be(400);
            sentence.Length.Should().BeLessThan(200);
        }
    }

    [Fact]
    public async Task Compressed_bodies_are_refused()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var content = new ByteArrayContent(Service.Picture());
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await service.Client.PostAsync("/classify", content);
        (await Service.ProblemAsync(response)).Should().Be((415, "The encoding 'gzip' is not read: send the picture as it is."));
    }

    [Fact]
    public async Task A_sender_that_is_too_slow_is_told_so()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.RequestTimeout = TimeSpan.FromMilliseconds(300));
        using var client = await BeginToSend(service);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream);
        (await reader.ReadLineAsync()).Should().StartWith("HTTP/1.1 408 ");
        // If the rest comes soon after, the connection goes on.
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{new string('x', 997)}GET /classify HTTP/1.1\r\nHost: {service.Client.BaseAddress!.Authority}\r\nConnection: close\r\n\r\n"));
        (await reader.ReadToEndAsync()).Should().Contain("The request did not arrive within 0.3 s.").And.Contain("HTTP/1.1 200 ");
        service.Errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_sender_below_the_rate_of_the_server_is_told_so()
    {
        // More than the second in which the server counts.
        var grace = TimeSpan.FromSeconds(1.5);
        await using var service = await Service.StartAsync(
            networks.First, build: builder => builder.WebHost.ConfigureKestrel(
                kestrel => kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 10_000, grace)));
        using var client = await BeginToSend(service);
        string answer = await new StreamReader(client.GetStream()).ReadToEndAsync();
        answer.Should().StartWith("HTTP/1.1 408 ").And.Contain("The request arrives too slowly: send it faster.");
        service.Errors.Should().BeEmpty();
    }

    [Fact]
    public async Task Senders_over_http_2_that_give_up_or_are_too_slow_leave_no_error()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.RequestTimeout = TimeSpan.FromMilliseconds(500),
            builder => builder.WebHost.ConfigureKestrel(
                kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2)));
        for (int i = 0; i < 20; i++)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(10 * i));
            Func<Task> giveUp = () => Send(new Endless(), stop.Token);
            await giveUp.Should().ThrowAsync<OperationCanceledException>();
        }
        using var slow = await Send(new Endless(), CancellationToken.None);
        slow.StatusCode.Should().Be(HttpStatusCode.RequestTimeout);
        using var answer = await Send(new MemoryStream(Service.Picture()), CancellationToken.None);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        service.Errors.Should().BeEmpty();

        Task<HttpResponseMessage> Send(Stream body, CancellationToken cancellationToken) => service.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/classify")
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StreamContent(body),
            },
            cancellationToken);
    }

    [Fact]
    public async Task Other_methods_and_paths_are_not_found()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var deleted = await service.Client.DeleteAsync("/classify");
        deleted.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        // Without a policy of administrators, nobody replaces the network.
        using var put = await service.Client.PutAsync("/classify/model", new StringContent("{}"));
        put.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    // Sends the first 3 of 1,000 bytes.
    private static async Task<TcpClient> BeginToSend(Service service)
    {
        var address = service.Client.BaseAddress!;
        var client = new TcpClient(address.Host, address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /classify HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc"));
        return client;
    }

    // Sends a byte now and then.
    private sealed class Endless : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(20, cancellationToken);
            buffer.Span[0] = (byte)'B';
            return 1;
        }
    }

    // Sends chunks, whose total length it does not say.
    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
