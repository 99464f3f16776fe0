namespace ResNet.Packages.Tests;

/// <summary>A test of a program that is compiled in advance; it is skipped where there is no linker.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinkerFactAttribute : FactAttribute
{
    public LinkerFactAttribute() => Skip = !OperatingSystem.IsLinux() || OnPath("clang") || OnPath("gcc")
        ? null
        : "There is no linker: install clang and zlib1g-dev.";

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
