namespace ResNet.Core.Weights.Published;

/// <summary>
/// The folder of pretrained weights. It has PyTorch's name and file names, so files downloaded by PyTorch are used here and
/// vice versa.
/// </summary>
public static class WeightsCache
{
    /// <summary>The environment variable that names PyTorch's folder: <c>TORCH_HOME</c>.</summary>
    public const string HomeVariable = "TORCH_HOME";

    /// <summary>The environment variable that names the user's cache folder: <c>XDG_CACHE_HOME</c>.</summary>
    public const string CacheHomeVariable = "XDG_CACHE_HOME";

    /// <summary>
    /// The environment variable with the address of a mirror, to download from instead: <c>RESNET_WEIGHTS_MIRROR</c>. It begins with
    /// http:// or https://, and followed by <c>/</c> and a published file's name it is that file's address.
    /// </summary>
    public const string MirrorVariable = "RESNET_WEIGHTS_MIRROR";

    /// <summary>
    /// <c>hub/checkpoints</c> in <c>$TORCH_HOME</c>, by default <c>$XDG_CACHE_HOME/torch</c>, or <c>~/.cache/torch</c>
    /// if neither variable is set: the same as PyTorch's <c>torch.hub</c> on every system.
    /// </summary>
    public static string Folder => FolderFrom(Environment.GetEnvironmentVariable);

    internal static string FolderFrom(Func<string, string?> variable)
    {
        string home = variable(HomeVariable) is { Length: > 0 } chosen
            ? chosen
            : Path.Join(variable(CacheHomeVariable) is { Length: > 0 } cache ? cache : "~/.cache", "torch");
        if (home == "~" || home.StartsWith("~/", StringComparison.Ordinal))
            home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + home[1..];
        return Path.GetFullPath(Path.Join(home, "hub", "checkpoints"));
    }
}
