namespace ResNet.Testing;

/// <summary>CIFAR-10's images, for tests that train on them.</summary>
internal static class Cifar
{
    /// <summary>The folder of the images; null if there is none.</summary>
    internal static string? Folder =>
        Environment.GetEnvironmentVariable("RESNET_CIFAR") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>The reason to skip a test without the images.</summary>
    internal const string Missing = "It needs CIFAR-10's images: set RESNET_CIFAR to a folder with train/ and test/, "
        + "each with a folder of images for every class.";
}
