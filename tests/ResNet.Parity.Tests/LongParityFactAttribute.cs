
namespace ResNet.Parity.Tests;

/// <summary>A test that trains on CIFAR-10 here and in PyTorch for an hour or more; it runs on request only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongParityFactAttribute : FactAttribute
{
    internal const string SwitchVariable = "RESNET_LONG_TESTS";
    internal const string ImagesVariable = "RESNET_CIFAR";

    public LongParityFactAttribute() => Skip =
        Environment.GetEnvironmentVariable(SwitchVariable) != "1" ? $"It takes an hour or more: set {SwitchVariable}=1 to run it."
        : Images is null ? $"It needs CIFAR-10's images: set {ImagesVariable} to a folder with train/ and test/, "
            + "each with a folder of images for every class."
        : Reference.Missing;

    /// <summary>The folder of the images; null if there is none.</summary>
    internal static string? Images =>
        Environment.GetEnvironmentVariable(ImagesVariable) is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;
}
