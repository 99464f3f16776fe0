namespace ResNet.Training.Data.Known;

/// <summary>The cache folder of prepared data sets.</summary>
public static class DatasetCache
{
    /// <summary>The environment variable for a folder other than the user's: <c>RESNET_CACHE</c>.</summary>
    public const string EnvironmentVariable = "RESNET_CACHE";

    /// <summary>
    /// The environment variable with the address of a mirror, to download from instead: <c>RESNET_DATASETS_MIRROR</c>. It begins with
    /// http:// or https://, and followed by <c>/</c> and a published file's name it is that file's address.
    /// </summary>
    public const string MirrorVariable = "RESNET_DATASETS_MIRROR";

    private const string ApplicationFolder = "resnet-dotnet";

    /// <summary>
    /// The folder that the environment variable names, otherwise <c>resnet-dotnet</c> in the user's cache folder:
    /// <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c> on Linux, <c>%LOCALAPPDATA%</c> on Windows, <c>~/Library/Caches</c> on macOS.
    /// </summary>
    public static string Folder =>
        Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } chosen
            ? Path.GetFullPath(chosen)
            : Path.Join(UserCacheFolder(), ApplicationFolder);

    private static string UserCacheFolder()
    {
        if (OperatingSystem.IsWindows())
            return Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsMacOS())
            return Path.Join(home, "Library", "Caches");
        // The XDG base directory specification says to ignore relative paths.
        var xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        return Path.IsPathRooted(xdg) ? xdg! : Path.Join(home, ".cache");
    }
}
