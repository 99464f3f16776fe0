using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ResNet.Imaging;
using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests.Http;

/// <summary>Answers to pictures that are sent in all ways.</summary>
public sealed class ClassifyTests(Networks networks) : IClassFixture<Networks>
{
    [Fact]
    public async Task A_picture_gets_the_classes_that_the_library_finds()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var classifier = ImageClassifier.Open(networks.First);
        for (int seed = 0; seed < 5; seed++)
        {
            byte[] picture = Service.Picture(seed);
            var answer = await service.ClassifyAsync(picture);
            var expected = classifier.Classify(picture);
            Service.Predictions(answer).Should().Equal(expected.Select(entry => (entry.Class, entry.Probability)));
            answer.GetProperty("model").GetString().Should().MatchRegex("^first@[0-9a-f]{8}$");
            var entry = answer.GetProperty("pictures")[0];
            (entry.GetProperty("width").GetInt32(), entry.GetProperty("height").GetInt32()).Should().Be((60, 48));
        }
    }

    [Fact]
    public async Task A_body_a_form_and_json_get_the_same_answer()
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[] picture = Service.Picture(3);
        var expected = Service.Predictions(await service.ClassifyAsync(picture, "?count=3"));
        expected.Should().HaveCount(3);
        foreach (string type in new[] { "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded" })
        {
            using var response = await service.SendAsync(picture, "?count=3", type);
            Service.Predictions(await Read(response)).Should().Equal(expected, type);
        }

        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(picture), "image", "shoe.png" }, { new StringContent("3"), "count" },
        };
        using var ofForm = await service.Client.PostAsync("/classify", form);
        var answer = await Read(ofForm);
        Service.Predictions(answer).Should().Equal(expected);
        answer.GetProperty("pictures")[0].GetProperty("name").GetString().Should().Be("shoe.png");

        string base64 = Convert.ToBase64String(picture);
        using var ofJson = await service.Client.PostAsJsonAsync("/classify", new { image = base64, count = 3, heatMap = false });
        Service.Predictions(await Read(ofJson)).Should().Equal(expected);
        // As PHP writes it.
        using var ofUrl = await service.Client.PostAsJsonAsync("/classify", new { image = $"data:image/png;base64,{base64}", count = 3 });
        Service.Predictions(await Read(ofUrl)).Should().Equal(expected);
        using var escaped = new StringContent(
            $$"""{"images": ["{{base64.Replace("/", "\\/")}}"], "count": 3}""", Encoding.UTF8, "application/json");
        using var ofEscaped = await service.Client.PostAsync("/classify", escaped);
        Service.Predictions(await Read(ofEscaped)).Should().Equal(expected);
    }

    [Fact]
    public async Task Several_pictures_are_answered_in_their_order()
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[][] pictures = [.. Enumerable.Range(0, 7).Select(seed => Service.Picture(seed))];
        using var form = new MultipartFormDataContent();
        for (int i = 0; i < pictures.Length; i++) form.Add(new ByteArrayContent(pictures[i]), "image", $"{i}.png");
        using var response = await service.Client.PostAsync("/classify", form);
        var answer = await Read(response);
        for (int i = 0; i < pictures.Length; i++)
        {
            answer.GetProperty("pictures")[i].GetProperty("name").GetString().Should().Be($"{i}.png");
            ShouldBeSame(Service.Predictions(answer, i), Service.Predictions(await service.ClassifyAsync(pictures[i])));
        }
    }

    [Theory]
    [InlineData(60, 48, 0.18, 0.1, 0.64, 0.8)]
    [InlineData(48, 60, 0.1, 0.18, 0.8, 0.64)]
    [InlineData(40, 40, 0.1, 0.1, 0.8, 0.8)]
    public async Task A_heat_map_covers_the_part_that_the_network_sees(
        int width, int height, double left, double top, double across, double down)
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[] picture = Service.Picture(1, width, height);
        var map = (await service.ClassifyAsync(picture, "?heatMap=true")).GetProperty("pictures")[0].GetProperty("heatMap");
        var area = map.GetProperty("area");
        double[] numbers = [.. new[] { "left", "top", "width", "height" }.Select(name => area.GetProperty(name).GetDouble())];
        foreach (var (number, expected) in numbers.Zip([left, top, across, down])) number.Should().BeApproximately(expected, 0.02);
        byte[] png = map.GetProperty("png").GetBytesFromBase64();
        using var reader = new ImageReader(3);
        reader.Open("map", new MemoryStream(png));
        (reader.Width, reader.Height).Should().Be((32, 32));
        using var alone = await service.SendAsync(picture, "?heatMap=png");
        alone.Content.Headers.ContentType!.MediaType.Should().Be("image/png");
        (await alone.Content.ReadAsByteArrayAsync()).Should().Equal(png);
    }

    [Fact]
    public async Task A_heat_map_of_a_class_is_that_of_the_library()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var classifier = ImageClassifier.Open(networks.First);
        byte[] picture = Service.Picture(2);
        var answer = (await service.ClassifyAsync(picture, "?heatMap=true&class=class+7")).GetProperty("pictures")[0];
        var map = answer.GetProperty("heatMap");
        map.GetProperty("class").GetString().Should().Be("class 7");
        var expected = classifier.Explain(picture, className: "class 7");
        map.GetProperty("probability").GetDouble().Should().BeApproximately(expected.Prediction.Probability, 1e-5);
        byte[] pixels = Read(map.GetProperty("png").GetBytesFromBase64());
        // Red is the most evidence, dark blue none.
        int hottest = expected.Heat.ToList().IndexOf(expected.Heat.Max()), coldest = expected.Heat.ToList().IndexOf(expected.Heat.Min());
        pixels[(hottest * 3)..((hottest * 3) + 3)].Should().Equal(122, 4, 3);
        pixels[coldest * 3].Should().BeLessThan(80);

        static byte[] Read(byte[] png)
        {
            using var reader = new ImageReader(3);
            reader.Open("map", new MemoryStream(png));
            var view = reader.Read(new Area(0, 0, 32, 32));
            byte[] all = new byte[32 * 32 * 3];
            for (int y = 0; y < 32; y++) view.Row(0, y, 32).CopyTo(all.AsSpan(y * 96));
            return all;
        }
    }

    [Fact]
    public async Task A_map_of_a_single_place_says_so()
    {
        await using var service = await Service.StartAsync(networks.Tiny);
        var map = (await service.ClassifyAsync(Service.Picture(), "?heatMap=true")).GetProperty("pictures")[0].GetProperty("heatMap");
        map.GetProperty("uniform").GetBoolean().Should().BeTrue();
        await using var other = await Service.StartAsync(networks.First);
        map = (await other.ClassifyAsync(Service.Picture(), "?heatMap=true")).GetProperty("pictures")[0].GetProperty("heatMap");
        map.GetProperty("uniform").GetBoolean().Should().BeFalse();
    }

    [Fact]
    public async Task Formats_that_folders_know_by_their_names_are_known_by_their_bytes()
    {
        await using var service = await Service.StartAsync(networks.First);
        byte[] gif = new TestGif(40, 30, Motif.Pixels(100, 1, 3))
            .Encode([.. Motif.Pixels(40, 30, 1).Select(value => (byte)(value % 100))]);
        using var named = await service.SendAsync(gif, type: "image/gif");
        named.IsSuccessStatusCode.Should().BeTrue();
        using var unnamed = await service.SendAsync(gif, type: "application/octet-stream");
        unnamed.IsSuccessStatusCode.Should().BeTrue();
        using var form = new MultipartFormDataContent { { new ByteArrayContent(gif), "image", "cat.jpg" } };
        using var misnamed = await service.Client.PostAsync("/classify", form);
        (await Read(misnamed)).GetProperty("pictures")[0].GetProperty("name").GetString().Should().Be("cat.jpg");
    }

    [Fact]
    public async Task Get_names_the_network_and_its_classes()
    {
        await using var service = await Service.StartAsync(networks.First);
        using var response = await service.Client.GetAsync("/classify");
        var answer = await Read(response);
        answer.GetProperty("classes").EnumerateArray().Select(name => name.GetString()).Should().Equal(Networks.Classes);
        answer.GetProperty("model").GetString().Should().StartWith("first@");
        (answer.GetProperty("width").GetInt32(), answer.GetProperty("height").GetInt32()).Should().Be((32, 32));
    }

    [Fact]
    public async Task A_controller_is_tested_with_a_classifier_of_three_lines()
    {
        IImageClassifier fake = new Fake();
        (await fake.ClassifyAsync(new byte[] { 1 })).Predictions[0].Class.Should().Be("cat");
    }

    private sealed class Fake : IImageClassifier
    {
        public Task<Classification> ClassifyAsync(
            ReadOnlyMemory<byte> picture, ClassificationOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new Classification([new("cat", 1)]));
    }

    // docs/serving.md promises this much, whatever the batch.
    internal static void ShouldBeSame((string Class, double Probability)[] actual, (string Class, double Probability)[] expected)
    {
        actual.Should().HaveSameCount(expected);
        foreach (var (label, probability) in expected)
            actual.First(entry => entry.Class == label).Probability.Should().BeApproximately(probability, 1e-5);
    }

    private static async Task<JsonElement> Read(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue(text);
        return JsonDocument.Parse(text).RootElement;
    }
}
