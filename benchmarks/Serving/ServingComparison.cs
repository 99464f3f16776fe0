namespace Benchmarks.Serving;

/// <summary>
/// Sends photographs to our service, to the same service answering one request at a time, and to one around ONNX Runtime, in turn.
/// </summary>
internal sealed class ServingComparison(Settings settings)
{
    private const int Connections = 64;
    private const string Opponent = "ONNX Runtime with SkiaSharp";

    // Between two looks at the memory.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(150);

    public IReadOnlyList<Row> Run()
    {
        var folder = Directory.CreateTempSubdirectory("serving");
        try
        {
            string photographs = settings.Photographs ?? Make(folder.FullName);
            var contests = new List<Contest>();
            var overloads = new List<Overload>();
            foreach (string network in settings.Networks)
            {
                var files = ServiceFiles.Make(network, photographs, folder.FullName);
                Check(files);
                contests.Add(Answers($"service, {network}, {Connections} connections", files));
                contests.Add(FirstAnswer($"service, {network}, from the start to the first answer", files));
                overloads.Add(new Overload($"service, {network}, overload", files, settings.Seconds, settings.Overload));
            }
            for (int round = 1; round <= settings.Rounds; round++) foreach (var contest in contests) contest.Fight(round);
            var rows = contests.SelectMany(contest => contest.Rows);
            return settings.Overload == 0 ? [.. rows] : [.. rows, .. overloads.SelectMany(overload => overload.Run(Connections))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Make(string folder)
    {
        Console.WriteLine("Making JPEG files in place of photographs");
        string target = Path.Combine(folder, "generated");
        Python.Run(Path.Combine(AppContext.BaseDirectory, "data_reference.py"), "make", "photographs", target);
        return target;
    }

    private static void Check(ServiceFiles files)
    {
        using var ours = files.StartOurs();
        using var theirs = files.StartOnnx();
        Agreement.Check(ours, theirs, files);
    }

    private Contest Answers(string name, ServiceFiles files) => new(
        () => Load(files.StartOurs, files),
        [
            new Duel(name, "one request at a time", () => Load(files.StartSingle, files), Row.Requests),
            new Duel(name, Opponent, () => Load(files.StartOnnx, files), Row.Requests),
        ]);

    private Measurement Load(Func<ServiceProcess> start, ServiceFiles files)
    {
        using var service = start();
        using var client = LoadProcess.Start(service.Url, files.Photographs, Connections, settings.Seconds);
        var load = client.Read();
        var peak = default(Memory);
        do peak = Memory.Greater(peak, service.Memory); while (!client.WaitForExit(s_interval));
        return new Measurement(load.AcceptedPerSecond, 0, peak, 0) { Percentile99 = load.Percentile99 };
    }

    private static Contest FirstAnswer(string name, ServiceFiles files)
    {
        byte[] picture = File.ReadAllBytes(files.Pictures.First());
        return new Contest(() => Measure(files.StartOurs), [new Duel(name, Opponent, () => Measure(files.StartOnnx), Row.Time)]);

        Measurement Measure(Func<ServiceProcess> start)
        {
            using var service = start();
            service.Classify(picture);
            return new Measurement(0, service.Seconds, service.Memory, 0);
        }
    }
}
