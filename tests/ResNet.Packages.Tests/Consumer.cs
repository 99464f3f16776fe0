using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using ResNet.Testing;

namespace ResNet.Packages.Tests;

/// <summary>
/// An application of a user, with the code of the documentation. It takes the packages from a folder feed and restores them to a folder
/// of its own. It is packed, restored and built once for all tests.
/// </summary>
public sealed class Consumer : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    private readonly TemporaryFolder _folder = new();
    private readonly EmptyMirror _mirror = new();

    /// <summary>Packs the libraries and the tool, and builds the application.</summary>
    public Consumer()
    {
        // The mark of a complete copy replaces the download.
        TinyPictures.Write(Path.Combine(Cache, "imagenette2-160"));
        File.WriteAllText(Path.Combine(Cache, "imagenette2-160", ".complete"), "");

        string[] projects = ["ResNet.Imaging", "ResNet.Inference", "ResNet.AspNetCore", "ResNet.Core", "ResNet.Training", "ResNet.Cli"];
        foreach (string project in projects)
            Run(Root, "dotnet", "pack", $"src/{project}", "-c", "Release", "--nologo", "-v", "quiet", "-o", Feed);
        File.WriteAllText(Path.Combine(_folder.Path, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(_folder.Path, "packages")}" /></config>
              <fallbackPackageFolders><add key="machine" value="{Metadata("PackageCache")}" /></fallbackPackageFolders>
              <packageSources><add key="packed" value="{Feed}" /></packageSources>
            </configuration>
            """);
        // An application without a runtime identifier contains libtorch for all platforms, 1.1 GB.
        File.WriteAllText(Path.Combine(_folder.Path, "Directory.Build.props"), """
            <Project>
              <PropertyGroup>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <CreateHardLinksForPublishFilesIfPossible>true</CreateHardLinksForPublishFilesIfPossible>
              </PropertyGroup>
            </Project>
            """);
        Create("consumer", ["ResNet.Training", "TorchSharp-cpu", NativeLibvips]);
        foreach (string source in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Consumer")))
            File.Copy(source, Path.Combine(Application, Path.GetFileName(source)));
        foreach (var block in Pages.All.SelectMany(Pages.Blocks))
            File.WriteAllText(Path.Combine(Application, block.ClassName + ".cs"), block.ToSource());
        Run(Application, "dotnet", "build", "-c", "Release", "--nologo", "-o", Path.Combine(_folder.Path, "built"));
    }

    internal static string Root { get; } = Path.GetFullPath(Metadata("Root"));

    internal string Feed => Path.Combine(_folder.Path, "feed");

    /// <summary>The version of the packages.</summary>
    internal string Version =>
        Path.GetFileNameWithoutExtension(Directory.GetFiles(Feed, "ResNet.Training.*.nupkg").Single())["ResNet.Training.".Length..];

    private string Cache => Path.Combine(_folder.Path, "cache");

    private string Application => Path.Combine(_folder.Path, "consumer");

    /// <summary>The runtime identifier of this machine's packages.</summary>
    internal static string Platform => OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";

    internal static string NativeLibvips => $"NetVips.Native.{Platform}";

    /// <summary>The folder of TorchSharp's native libraries in the package cache, with a folder for each platform.</summary>
    internal static string NativeLibraries { get; } =
        Path.Combine(Metadata("PackageCache"), "torchsharp", Metadata("TorchSharp-cpu"), "runtimes");

    /// <summary>Makes an empty folder whose projects take packages from <see cref="Feed"/> alone.</summary>
    internal string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName;

    /// <summary>Makes a project of a user.</summary>
    /// <param name="name">The name of the project and of its folder.</param>
    /// <param name="packages">The packages that it references.</param>
    /// <param name="outputType">Its output type.</param>
    /// <param name="properties">Its other properties; null for none.</param>
    /// <param name="sdk">Its SDK.</param>
    /// <returns>Its folder.</returns>
    internal string Create(
        string name, IEnumerable<string> packages, string outputType = "Exe",
        IEnumerable<(string Name, string Value)>? properties = null, string sdk = "Microsoft.NET.Sdk")
    {
        string folder = NewFolder(name);
        string VersionOf(string package) => package.StartsWith("ResNet.", StringComparison.Ordinal) ? Version : Metadata(package);
        var references = packages.Select(package => $"""<PackageReference Include="{package}" Version="{VersionOf(package)}" />""");
        var others = (properties ?? []).Select(property => $"<{property.Name}>{property.Value}</{property.Name}>");
        File.WriteAllText(Path.Combine(folder, name + ".csproj"), $"""
            <Project Sdk="{sdk}">
              <PropertyGroup>
                <OutputType>{outputType}</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                {string.Join("\n    ", others)}
              </PropertyGroup>
              <ItemGroup>
                {string.Join("\n    ", references)}
              </ItemGroup>
            </Project>
            """);
        return folder;
    }

    /// <summary>The folder in which the blocks of a page run.</summary>
    internal string FolderOf(string page) => Path.Combine(_folder.Path, "pages", page.Replace('/', '_'));

    /// <summary>Runs blocks one after the other in the folder of their page and returns the output.</summary>
    internal string Run(string page, IEnumerable<CodeBlock> blocks)
    {
        string folder = FolderOf(page);
        Pages.Prepare(page, folder);
        return Run(folder, "dotnet", [Path.Combine(_folder.Path, "built", "consumer.dll"), .. blocks.Select(block => block.ClassName)]);
    }

    /// <summary>Runs commands in an empty folder, gives the application that they made a new program, and runs it.</summary>
    /// <param name="application">The application's folder, relative to that folder.</param>
    /// <param name="commands">The commands.</param>
    /// <param name="program">The content of the new <c>Program.cs</c>.</param>
    internal string Type(string application, IEnumerable<string> commands, string program)
    {
        string folder = NewFolder("typed");
        string line = string.Join(" && ", commands);
        Run(folder, OperatingSystem.IsWindows() ? "cmd" : "bash", OperatingSystem.IsWindows() ? "/c" : "-c", line);
        File.WriteAllText(Path.Combine(folder, application, "Program.cs"), program);
        return Run(Path.Combine(folder, application), "dotnet", "run", "-c", "Release");
    }

    public void Dispose()
    {
        _mirror.Dispose();
        _folder.Dispose();
    }

    /// <summary>Runs a program and returns its output; the test fails if the program does.</summary>
    internal string Run(string folder, string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Describe(folder, program, arguments))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(string.Create(
                CultureInfo.InvariantCulture, $"{program} {string.Join(' ', arguments)} took longer than {s_limit.TotalMinutes} minutes."));
        }
        if (process.ExitCode != 0)
            Assert.Fail(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n"
                + $"{output.GetAwaiter().GetResult()}\n{errors.GetAwaiter().GetResult()}");
        return output.GetAwaiter().GetResult();
    }

    /// <summary>Starts a program, which the caller ends.</summary>
    internal Process Start(string folder, string program, params (string Name, string Value)[] variables)
    {
        var start = Describe(folder, program, []);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private ProcessStartInfo Describe(string folder, string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["RESNET_WEIGHTS_MIRROR"] = _mirror.Address;
        start.Environment["RESNET_CACHE"] = Cache;
        start.Environment["TORCH_HOME"] = Path.Combine(_folder.Path, "torch");
        // The variables of the build that runs the tests must not reach the user's build.
        string[] names = [.. start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))];
        foreach (string name in names) start.Environment.Remove(name);
        return start;
    }

    private static string Metadata(string key) =>
        typeof(Consumer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
