using System.Net;
using System.Text.RegularExpressions;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Engines;

/// <summary><c>serve</c>: a run as a service.</summary>
public sealed partial class ServeTests : IDisposable
{
    private const string Key = "0123456789abcdef0123";

    private readonly TemporaryFolder _folder = new();

    private string Run => Path.Combine(_folder.Path, "run");

    private string Picture => Path.Combine(_folder.Path, "photos", "val", "bright", "000.bmp");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_and_its_file_for_inference_are_served_until_a_signal_comes()
    {
        Train();
        string predicted = await AnswerOf(Run);
        Call(0, "export", Run, "--format", "inference");
        (await AnswerOf(Path.Combine(Run, "resnet20.inference.safetensors"))).Should().Be(predicted);

        async Task<string> AnswerOf(string path)
        {
            using var process = ConsoleProcess.Start("serve", path, "--port", "0");
            string address = Address(process);
            using var client = new HttpClient();
            (await client.GetStringAsync(address)).Should().Contain("<h1>ResNet: ");
            (await client.GetStringAsync($"{address}health")).Should().Be("Healthy");
            (await client.GetStringAsync($"{address}openapi/v1.json")).Should().Contain("/classify");
            using var response = await client.PostAsync($"{address}classify", new ByteArrayContent(File.ReadAllBytes(Picture)));
            string answer = await response.Content.ReadAsStringAsync();
            process.Signal(ConsoleProcess.Interrupt);
            process.ExitCode().Should().Be(0, process.Output);
            var classes = Regex.Match(answer, @"""predictions"":(\[.+\])").Groups[1].Value;
            classes.Should().Contain("bright").And.Contain("dark");
            return classes;
        }
    }

    [Fact]
    public async Task Another_network_in_the_folder_is_taken_over()
    {
        Train();
        using var process = ConsoleProcess.Start("serve", Run, "--port", "0", "--watch", "1");
        string address = Address(process);
        using var client = new HttpClient();
        string before = await client.GetStringAsync($"{address}classify");
        string other = Path.Combine(_folder.Path, "other");
        Train(other, "--seed", "2");
        File.Copy(Path.Combine(other, "weights.safetensors"), Path.Combine(Run, "new"));
        File.Move(Path.Combine(Run, "new"), Path.Combine(Run, "weights.safetensors"), overwrite: true);
        while (await client.GetStringAsync($"{address}classify") == before) await Task.Delay(100);
        process.Signal(ConsoleProcess.Terminate);
        process.ExitCode().Should().Be(0, process.Output);
    }

    [Fact]
    public async Task Other_machines_need_a_key_unless_it_is_switched_off_by_name()
    {
        Train();
        Call(1, "serve", Run, "--host", "*", "--port", "0").Should().Be(
            "error: Everybody who reaches * could use the service: set a key in the environment variable RESNET_API_KEY, or say "
            + "--no-api-key.");
        var variables = new Dictionary<string, string> { ["RESNET_API_KEY"] = Key };
        using (var process = ConsoleProcess.StartIn(_folder.Path, variables, "resnet", ["serve", Run, "--host", "0.0.0.0", "--port", "0"]))
        {
            string address = Address(process);
            using var client = new HttpClient();
            (await client.GetAsync($"{address}classify")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
            client.DefaultRequestHeaders.Add("X-Api-Key", Key);
            (await client.GetAsync($"{address}classify")).StatusCode.Should().Be(HttpStatusCode.OK);
        }
        using var open = ConsoleProcess.Start("serve", Run, "--host", "0.0.0.0", "--port", "0", "--no-api-key");
        using var anybody = new HttpClient();
        anybody.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.1");
        (await anybody.GetAsync($"{Address(open)}classify")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public void What_cannot_be_served_is_refused_in_one_sentence()
    {
        Train();
        string weights = Path.Combine(Run, "weights.safetensors");
        Call(1, "serve", "nowhere").Should().Be("error: There is no run 'nowhere': name the folder of one, or a file for inference.");
        Call(1, "serve", weights).Should().Be(
            $"error: The file '{weights}' is not for inference: name the folder of a run, or a file that "
            + "'export --format inference' wrote.");
        Call(1, "serve", Run, "--port", "70000").Should().Be("error: --port is 70000, but has to be between 0 and 65535.");
        Call(1, "serve", Run, "--host", "example", "--no-api-key").Should().Be(
            "error: --host is 'example', but has to be localhost, an IP address or *.");
        Call(1, "serve", Run, "--batch-size", "100").Should().Be("error: --batch-size is 100, but has to be between 1 and 64.");
        Call(1, "serve", Run, "--queue", "0").Should().Be("error: --queue is 0, but has to be between 1 and 100000.");
        Call(1, "serve", Run, "--watch", "-1").Should().Be("error: --watch is -1, but has to be between 0 and 86400.");
        using var first = ConsoleProcess.Start("serve", Run, "--port", "0");
        int port = new Uri(Address(first)).Port;
        Call(1, "serve", Run, "--port", $"{port}").Should().Be(
            $"error: --port is {port}, but another program listens there: choose another one.");
    }

    private static string Address(ConsoleProcess process)
    {
        process.WaitUntil(() => process.Output.Contains("Ctrl-C stops.", StringComparison.Ordinal));
        return AddressPattern().Match(process.Output).Groups[1].Value
            .Replace(Environment.MachineName, "127.0.0.1", StringComparison.Ordinal);
    }

    private static string Call(int exitCode, params string[] arguments)
    {
        using var process = ConsoleProcess.Start(arguments);
        process.ExitCode().Should().Be(exitCode, process.Output);
        return process.Output.Trim();
    }

    private void Train(string? output = null, params string[] options)
    {
        string photos = Path.Combine(_folder.Path, "photos");
        if (!Directory.Exists(photos)) TinyPictures.Write(photos);
        Call(
            0,
            [
                "train", "--dataset", photos, "--network", "resnet20", "--epochs", "1", "--batch-size", "16", "--output", output ?? Run,
                .. options,
            ]);
    }

    [GeneratedRegex(@"The page is at\s+(http://\S+/)")]
    private static partial Regex AddressPattern();
}
