using System.Runtime.Intrinsics.X86;
using ResNet.Core;
using ResNet.Core.Blocks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>Finds the layers that compute in low precision, and the conversions between types.</summary>
/// <remarks>
/// Convolutions and linear layers compute in low precision. Batch norms take low-precision activations and have weights and statistics in
/// float32, which libtorch supports. Other modules with parameters or statistics, such as group norms and custom norms, stay in float32:
/// their input and output are converted.
/// </remarks>
internal static class MixedPrecision
{
    /// <summary>Returns the actual precision of a device.</summary>
    /// <param name="wanted">The requested precision.</param>
    /// <param name="device">The network's device.</param>
    /// <param name="allowSlow">Whether a CPU may emulate bfloat16.</param>
    /// <exception cref="InvalidOptionException">The device cannot compute in it at all.</exception>
    internal static Precision Available(Precision wanted, Device device, bool allowSlow) => wanted switch
    {
        Precision.Half when device.type == DeviceType.CPU => throw new InvalidOptionException(
            nameof(TrainingLoop.TrainerOptions),
            nameof(TrainingLoop.TrainerOptions.Precision),
            wanted,
            $"{nameof(Precision.BFloat16)} or {nameof(Precision.Full)} on the CPU"),
        Precision.BFloat16 when device.type == DeviceType.CPU && !allowSlow && !CpuHasBFloat16() => Precision.Full,
        _ => wanted,
    };

    internal static ScalarType TypeOf(Precision precision) => precision == Precision.Half ? ScalarType.Float16 : ScalarType.BFloat16;

    /// <summary>Finds the low-precision layers, by name, and the modules that need inputs in float32.</summary>
    /// <exception cref="ArgumentException">A module is of neither kind.</exception>
    internal static (Dictionary<string, nn.Module> Low, List<nn.Module<Tensor, Tensor>> Full) Split(ResNetModel network)
    {
        var low = new Dictionary<string, nn.Module>();
        var full = new List<nn.Module<Tensor, Tensor>>();
        Visit("", network, low, full);
        return (low, full);
    }

    private static void Visit(string name, nn.Module module, Dictionary<string, nn.Module> low, List<nn.Module<Tensor, Tensor>> full)
    {
        switch (module)
        {
            case Conv2d or Linear:
                low[name] = module;
                return;
            case BatchNorm2d or FrozenBatchNorm2d:
                return;
        }
        if (module.named_parameters(false).Any() || module.named_buffers(false).Any())
        {
            full.Add(module as nn.Module<Tensor, Tensor> ?? throw new ArgumentException(
                $"The network's module {name} is a {module.GetType().Name}, which mixed precision cannot convert for: "
                + $"train with {nameof(Precision)}.{nameof(Precision.Full)}."));
            return;
        }
        foreach (var (child, inner) in module.named_children()) Visit(name.Length == 0 ? child : $"{name}.{child}", inner, low, full);
    }

    // .NET's Avx512* classes show whether the system saves the registers, CPUID leaf 7 whether there are instructions for bfloat16:
    // AVX512-BF16 in subleaf 1, EAX bit 5; AMX-BF16 in subleaf 0, EDX bit 22. .NET cannot query those of Arm.
    private static bool CpuHasBFloat16()
    {
        if (!X86Base.IsSupported || !Avx512BW.IsSupported || X86Base.CpuId(0, 0).Eax < 7) return false;
        var (subleaves, _, _, features) = X86Base.CpuId(7, 0);
        return (features & (1 << 22)) != 0 || (subleaves >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);
    }
}
