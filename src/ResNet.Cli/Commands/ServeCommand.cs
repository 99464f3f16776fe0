using System.CommandLine;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ResNet.AspNetCore;
using ResNet.AspNetCore.Models;
using ResNet.Cli.Options;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Inference;
using ResNet.Training;
using static TorchSharp.torch;

namespace ResNet.Cli.Commands;

/// <summary><c>serve</c>: answers requests of other programs, and shows a page, on this machine.</summary>
internal static class ServeCommand
{
    private const string KeyVariable = "RESNET_API_KEY";
    private const int DefaultPort = 5000;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = new Argument<string?>("RUN")
        {
            Description = $"{RunOption.Description} Or a file that 'export --format inference' wrote, which needs no libtorch.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var network = TrainedNetwork.NetworkOption();
        var pretrained = TrainedNetwork.PretrainedOption();
        var host = new Option<string>("--host")
        {
            Description = "The address to listen at: 'localhost' for programs of this machine alone, an IP address of this machine, or * "
                + "for all of them.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "localhost",
        };
        var port = new Option<int>("--port")
        {
            Description = "The port to listen at, 0 for any free one.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultPort,
        };
        var noKey = new Option<bool>("--no-api-key")
        {
            Arity = ArgumentArity.Zero,
            Description = $"Answers other machines without a key. Else they need the one in the environment variable {KeyVariable}.",
        };
        var defaults = new ResNetClassifierOptions();
        var batch = new Option<int>("--batch-size")
        {
            Description = "The most pictures that are computed together.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.MaximumBatchSize,
        };
        var queue = new Option<int>("--queue")
        {
            Description = "The most pictures that wait; more are refused with status 429.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.QueueLength,
        };
        var watch = new Option<int>("--watch")
        {
            Description = "Looks every N seconds whether RUN has another network, and takes it over. 0: never.",
            HelpName = "N",
            DefaultValueFactory = _ => 0,
        };
        var command = new Command(
            "serve", "Classifies the pictures of requests, and shows a page to try it, for example: serve runs/mine")
        {
            run, network, pretrained, host, port, noKey, batch, queue, watch,
        };
        command.SetAction(parsed =>
        {
            string place = parsed.GetValue(host)!;
            int number = parsed.GetValue(port);
            Require(port, IPEndPoint.MinPort, IPEndPoint.MaxPort);
            Require(batch, 1, OptionsValidator.MostTogether);
            Require(queue, 1, OptionsValidator.MostWaiting);
            Require(watch, 0, (int)OptionsValidator.LongestInterval.TotalSeconds);
            string? key = Environment.GetEnvironmentVariable(KeyVariable);
            if (key is { Length: > 0 and < OptionsValidator.ShortestKey })
            {
                throw new CommandLineException(
                    $"The key in {KeyVariable} is shorter than {OptionsValidator.ShortestKey} characters: give a long random one.");
            }
            bool anonymous = parsed.GetValue(noKey);
            if (anonymous && !string.IsNullOrEmpty(key))
                throw new CommandLineException($"--no-api-key answers without the key in {KeyVariable}: leave one of them out.");
            if (!IsLocal(place) && string.IsNullOrEmpty(key) && !anonymous)
            {
                throw new CommandLineException(
                    $"Everybody who reaches {place} could use the service: set a key in the environment variable {KeyVariable}, or say "
                    + "--no-api-key.");
            }
            TrainedNetwork.RefuseOneAlone(
                parsed.GetValue(run), parsed.GetValue(network), parsed.GetValue(pretrained), "serve --network resnet50 --pretrained");
            string path = PathOf(parsed.GetValue(run), parsed.GetValue(network));

            void Configure(ResNetClassifierOptions options)
            {
                (options.MaximumBatchSize, options.QueueLength) = (parsed.GetValue(batch), parsed.GetValue(queue));
                options.MaximumPictures = Math.Clamp(options.QueueLength, 1, options.MaximumPictures);
                options.WatchInterval = TimeSpan.FromSeconds(parsed.GetValue(watch));
                options.AllowAnonymous = anonymous;
                if (!string.IsNullOrEmpty(key)) options.ApiKeys.Add(key);
                if (parsed.GetValue(network) is { } published)
                    options.Open = (_, threads) => Published(published, threads, cancellationToken);
                else if (!InferenceModel.IsInferenceFile(path)) options.Open = OfRun;
            }

            Serve(path, Configure, place, number, watches: parsed.GetValue(watch) > 0, cancellationToken);
            return ExitCode.Success;

            void Require(Option<int> option, int least, int most)
            {
                int value = parsed.GetValue(option);
                if (value < least || value > most)
                    throw new CommandLineException(Mistake.About(option.Name, $"is {value}, but has to be between {least} and {most}."));
            }
        });
        return command;
    }

    private static bool IsLocal(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string PathOf(string? run, string? network)
    {
        if (network is not null) return network;
        if (run is null) return RunOption.Open(null).Path;
        if (!File.Exists(run) && !Directory.Exists(run))
            throw new CommandLineException($"There is no run '{run}': name the folder of one, or a file for inference.");
        if (File.Exists(run) && !InferenceModel.IsInferenceFile(run))
        {
            throw new CommandLineException(
                $"The file '{run}' is not for inference: name the folder of a run, or a file that 'export --format inference' wrote.");
        }
        return run;
    }

    private static void Serve(
        string path, Action<ResNetClassifierOptions> configure, string host, int port, bool watches, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        // This command reports a failed start in a sentence.
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            // Reports the networks that it takes over.
            .AddFilter("ResNet.AspNetCore", watches ? LogLevel.Information : LogLevel.Warning)
            .AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddResNetClassifier(path, configure);
        builder.Services.AddOpenApi();
        // Program handles signals.
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            if (host == "localhost" && port > 0) server.ListenLocalhost(port);
            // A free port is one of a single address.
            else if (host == "localhost") server.Listen(IPAddress.Loopback, port);
            else if (host == "*") server.ListenAnyIP(port);
            else server.Listen(AddressOf(host), port);
        });
        try
        {
            using var app = builder.Build();
            app.MapResNetClassifier("/classify");
            app.MapResNetPage(title: $"ResNet: {ModelFile.NameOf(path)}");
            app.MapOpenApi();
            app.MapHealthChecks("/health");
            app.StartAsync(cancellationToken).GetAwaiter().GetResult();
            Tell(app, host, hasKey: !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KeyVariable)));
            cancellationToken.WaitHandle.WaitOne();
            Console.Error.WriteLine("Stopping: pictures that wait are still classified.");
            app.StopAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (OptionsValidationException e)
        {
            throw new CommandLineException(e.Failures.First());
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new CommandLineException(Mistake.About(
                "--host", $"is '{host}', where nobody can listen at port {port} ({e.Message}): give an address of this machine."));
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new CommandLineException(Mistake.About("--port", $"is {port}, but another program listens there: choose another one."));
        }
    }

    private static IPAddress AddressOf(string host) => IPAddress.TryParse(host, out var address)
        ? address
        : throw new CommandLineException(Mistake.About("--host", $"is '{host}', but has to be localhost, an IP address or *."));

    private static void Tell(WebApplication app, string host, bool hasKey)
    {
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        int port = new Uri(address).Port;
        string name = host switch
        {
            "localhost" => host,
            "*" or "0.0.0.0" or "::" => Environment.MachineName,
            _ => new Uri(address).Host,
        };
        string url = string.Create(CultureInfo.InvariantCulture, $"http://{name}:{port}");
        string key = hasKey ? $"-H \"X-Api-Key: ${KeyVariable}\" " : "";
        Console.WriteLine($"The page is at          {url}/");
        Console.WriteLine($"Programs send pictures  {url}/classify (curl {key}--data-binary @cat.jpg {url}/classify)");
        Console.WriteLine($"Its description is at   {url}/openapi/v1.json, its health at /health");
        Console.WriteLine("Ctrl-C stops.");
    }

    private static ImageClassifier OfRun(string folder, InferenceOptions options)
    {
        var run = RunOption.Open(folder);
        using var model = run.LoadModel(CPU);
        return Copy(model, run.Classes, run.Settings.Preprocessing, options);
    }

    private static ImageClassifier Published(string network, InferenceOptions options, CancellationToken cancellationToken)
    {
        using var trained = TrainedNetwork.Open(null, network, pretrained: true, "", CPU, cancellationToken);
        return Copy(trained.Model, trained.Classes, trained.Preprocessing, options);
    }

    // libtorch loads the weights, and ResNet.Inference computes.
    private static ImageClassifier Copy(
        Core.ResNetModel model, IReadOnlyList<string> classes, Preprocessing preprocessing, InferenceOptions options)
    {
        var content = new InferenceExportOptions { Classes = classes, Preprocessing = preprocessing };
        return InferenceCopy.Open(model, engine: null, content, "", "", file => ImageClassifier.Open(file, options))
            ?? throw new CommandLineException(
                "ResNet.Inference does not compute this network, so it cannot be served: use 'predict --engine torch'.");
    }

    private sealed class NoLifetime : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
