using System.CommandLine;
using ResNet.Training;

namespace ResNet.Cli.Options;

/// <summary>The <c>--engine</c> option.</summary>
internal static class Engines
{
    internal static Option<PredictionEngine?> Option() => new("--engine")
    {
        Description = "What computes the network: inference, the kernels of ResNet.Inference, on the CPU only; or torch, TorchSharp. "
            + "Default: inference on the CPU, torch on CUDA.",
        HelpName = "inference|torch",
    };

    /// <summary>Returns an engine's name in the output.</summary>
    internal static string Describe(PredictionEngine engine) =>
        engine == PredictionEngine.Inference ? "ResNet.Inference" : "TorchSharp";
}
