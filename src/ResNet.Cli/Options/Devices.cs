using System.CommandLine;
using System.Globalization;
using ResNet.Training.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Cli.Options;

/// <summary>The <c>--device</c> option.</summary>
internal static class Devices
{
    private const string Name = "--device";

    internal static Option<string> Option() => new(Name)
    {
        Description = "Where to compute: cpu, cuda or cuda:N. cuda is the first one, or "
            + "the one of a process's number on its host where mpirun has started several. Default: cuda where there is one, else cpu.",
        HelpName = "DEVICE",
    };

    internal static Device Parse(string? text)
    {
        text ??= cuda.is_available() ? "cuda" : "cpu";
        var parts = text.Split(':');
        int index = cuda.is_available() && MpiCommunicator.IsLaunched ? MpiCommunicator.LocalRank % cuda.device_count() : 0;
        bool known = parts switch
        {
            ["cpu"] => true,
            ["cuda"] => true,
            ["cuda", var number] => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out index),
            _ => false,
        };
        if (!known) throw Missing(text, ": give cpu, cuda or cuda:N");
        if (parts[0] == "cpu") return CPU;
        if (!cuda.is_available())
            throw Missing(text, ", since libtorch finds no CUDA device on this machine: use --device cpu");
        return index < cuda.device_count()
            ? new Device(DeviceType.CUDA, index)
            : throw Missing(text, $": this machine has cuda:0 to cuda:{cuda.device_count() - 1}");
    }

    private static CommandLineException Missing(string device, string remedy) =>
        new(new Mistake($"There is no device '{device}'{remedy}.", Name));
}
