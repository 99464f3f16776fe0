using System.Collections;
using Microsoft.Build.Framework;
using ResNet.Core.Build;
using ResNet.Testing;

namespace ResNet.Core.Tests.Libstdcxx;

/// <summary>The MSBuild task that gives an application its copy of the library.</summary>
public sealed class RelaxLibstdcxxNeedsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingEngine _engine = new();

    private string Library => Path.Combine(_folder.Path, "libLibTorchSharp.so");

    private string Copy => Path.Combine(_folder.Path, "obj", "native", "libLibTorchSharp.so");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_copy_is_new_and_the_library_stays()
    {
        byte[] library = WriteLibrary();
        Run().Should().BeTrue();
        File.ReadAllBytes(Copy).Should().Equal(LibstdcxxNeeds.Relax(library));
        File.ReadAllBytes(Library).Should().Equal(library);
        Beside().Should().Equal(Copy);
        _engine.Messages.Should().BeEmpty();
    }

    [Fact]
    public void An_older_copy_is_replaced_and_never_written_to()
    {
        WriteLibrary();
        Directory.CreateDirectory(Path.GetDirectoryName(Copy)!);
        File.WriteAllText(Copy, "older");
        // On Windows, an open file can be replaced only if its reader allows deletion.
        using var reader = new StreamReader(new FileStream(Copy, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        Run().Should().BeTrue();
        reader.ReadToEnd().Should().Be("older");
        File.ReadAllBytes(Copy).Should().NotBeEmpty().And.NotEqual("older"u8.ToArray());
        Beside().Should().Equal(Copy);
    }

    [Fact]
    public void An_older_copy_is_deleted_when_the_library_needs_none()
    {
        WriteLibrary();
        Run().Should().BeTrue();
        File.WriteAllBytes(Library, new ElfBuilder().Import("malloc", "GLIBC_2.2.5", "libc.so.6").Build());
        Run().Should().BeTrue();
        Beside().Should().BeEmpty();
        _engine.Messages.Should().BeEmpty();
    }

    [Fact]
    public void A_library_that_is_no_library_is_used_as_it_is_with_a_warning()
    {
        File.WriteAllText(Library, "version https://git-lfs.github.com/spec/v1");
        Run().Should().BeTrue();
        Beside().Should().BeEmpty();
        _engine.Messages.Should().ContainSingle().Which.Should().Be("warning RESNET0001: The library is used as it is, "
            + "since it cannot be adapted to older versions of libstdc++: it is not an ELF file");
    }

    [Fact]
    public void A_library_that_cannot_be_read_gives_a_warning()
    {
        Run().Should().BeTrue();
        _engine.Messages.Should().ContainSingle().Which.Should().StartWith("warning RESNET0001: ");
    }

    [Fact]
    public void A_copy_that_cannot_be_written_is_an_error()
    {
        WriteLibrary();
        Directory.CreateDirectory(Path.Combine(Copy, "taken"));
        Run().Should().BeFalse();
        Beside().Should().BeEmpty();
        _engine.Messages.Should().ContainSingle().Which.Should().StartWith("error ");
    }

    private byte[] WriteLibrary()
    {
        byte[] library = new ElfBuilder()
            .Import("_ZSt21ios_base_library_initv", "GLIBCXX_3.4.32")
            .Import("_ZNSt6chrono3_V212steady_clock3nowEv", "GLIBCXX_3.4.19").Build();
        File.WriteAllBytes(Library, library);
        return library;
    }

    private bool Run() => new RelaxLibstdcxxNeeds { BuildEngine = _engine, Library = Library, Copy = Copy }.Execute();

    private string[] Beside() => Directory.GetFiles(Path.GetDirectoryName(Copy)!);

    private sealed class RecordingEngine : IBuildEngine
    {
        internal List<string> Messages { get; } = [];

        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "test.csproj";

        public bool BuildProjectFile(
            string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) =>
            false;

        public void LogErrorEvent(BuildErrorEventArgs e) => Messages.Add($"error {e.Message}");

        public void LogWarningEvent(BuildWarningEventArgs e) => Messages.Add($"warning {e.Code}: {e.Message}");

        public void LogMessageEvent(BuildMessageEventArgs e) => Messages.Add(e.Message ?? "");

        public void LogCustomEvent(CustomBuildEventArgs e) => Messages.Add(e.Message ?? "");
    }
}
