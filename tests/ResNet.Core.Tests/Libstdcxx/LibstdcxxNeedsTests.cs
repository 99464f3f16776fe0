using System.Buffers.Binary;
using ResNet.Core.Build;

namespace ResNet.Core.Tests.Libstdcxx;

/// <summary>The edit that lets TorchSharp's library load with an older libstdc++.</summary>
public sealed class LibstdcxxNeedsTests
{
    private const string Initialize = "_ZSt21ios_base_library_initv", Wait = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE";
    private const string Now = "_ZNSt6chrono3_V212steady_clock3nowEv", NotifyOne = "_ZNSt18condition_variable10notify_oneEv";
    private const string InitializeVersion = "GLIBCXX_3.4.32", WaitVersion = "GLIBCXX_3.4.30";
    private const string NowVersion = "GLIBCXX_3.4.19", NotifyVersion = "GLIBCXX_3.4.11";

    [Fact]
    public void Both_functions_are_replaced_by_those_of_older_versions()
    {
        byte[] relaxed = LibstdcxxNeeds.Relax(WithBothNeeds().Build())!;
        var needs = new ElfNeeds(relaxed);
        needs.Imports.Should().Equal(
            ("malloc", "GLIBC_2.2.5"), (Now, NowVersion), (Now, NowVersion),
            (Wait, NotifyVersion), (NotifyOne, NotifyVersion), ("__cxa_throw", "CXXABI_1.3"));
        needs.Weak.Should().BeEquivalentTo(InitializeVersion, WaitVersion);
    }

    [Fact]
    public void Nothing_else_of_the_library_changes()
    {
        var builder = WithBothNeeds();
        byte[] library = builder.Build(), before = [.. library];
        byte[] relaxed = LibstdcxxNeeds.Relax(library)!;
        library.Should().Equal(before);
        relaxed.Should().HaveCount(library.Length);

        // The library has six functions; the second and the fourth need new versions.
        int[] flags = [FlagsOf(library, InitializeVersion), FlagsOf(library, WaitVersion)];
        int[] expected =
        [
            .. Enumerable.Range(builder.Symbol(1), sizeof(uint)), .. Enumerable.Range(builder.SymbolVersion(1), sizeof(ushort)),
            .. Enumerable.Range(builder.SymbolVersion(3), sizeof(ushort)), .. flags,
        ];
        Differences(library, relaxed).Should().BeSubsetOf(expected).And.Contain(flags);
    }

    [Fact]
    public void A_library_that_needs_one_of_the_new_versions_is_freed_of_it()
    {
        var initialize = new ElfNeeds(
            LibstdcxxNeeds.Relax(new ElfBuilder().Import(Initialize, InitializeVersion).Import(Now, NowVersion).Build())!);
        initialize.Imports.Should().Equal((Now, NowVersion), (Now, NowVersion));
        initialize.Strong.Should().Equal(NowVersion);

        var wait = new ElfNeeds(LibstdcxxNeeds.Relax(new ElfBuilder().Import(NotifyOne, NotifyVersion).Import(Wait, WaitVersion).Build())!);
        wait.Imports.Should().Equal((NotifyOne, NotifyVersion), (Wait, NotifyVersion));
        wait.Strong.Should().Equal(NotifyVersion);
    }

    [Fact]
    public void A_library_without_needs_of_new_versions_is_left_alone()
    {
        ShouldBeLeftAlone(new ElfBuilder()
            .Import(Now, NowVersion).Import(Wait, NotifyVersion).Import("malloc", "GLIBC_2.2.5", "libc.so.6"));
        ShouldBeLeftAlone(new ElfBuilder());
    }

    [Fact]
    public void A_library_that_was_edited_is_left_alone() =>
        LibstdcxxNeeds.Relax(LibstdcxxNeeds.Relax(WithBothNeeds().Build())!).Should().BeNull();

    [Fact]
    public void A_version_that_another_function_needs_too_is_left_alone()
    {
        var library = WithBothNeeds().Import("_ZSt4newer", InitializeVersion).Build();
        var needs = new ElfNeeds(LibstdcxxNeeds.Relax(library)!);
        needs.Imports.Should().Contain((Initialize, InitializeVersion)).And.Contain((Wait, NotifyVersion));
        needs.Weak.Should().Equal(WaitVersion);
    }

    [Fact]
    public void A_version_that_only_another_function_needs_is_left_alone() =>
        ShouldBeLeftAlone(new ElfBuilder().Import("_ZSt4newer", InitializeVersion).Import(Now, NowVersion));

    [Fact]
    public void A_function_without_a_substitute_in_the_library_is_left_alone()
    {
        ShouldBeLeftAlone(new ElfBuilder()
            .Import(Initialize, InitializeVersion).Import("_ZNSt6thread20hardware_concurrencyEv", NowVersion));
        ShouldBeLeftAlone(new ElfBuilder().Import(Initialize, InitializeVersion).Import(Now, "GLIBCXX_3.4.21"));
        ShouldBeLeftAlone(new ElfBuilder().Import(Wait, WaitVersion).Import(Now, NowVersion));
    }

    [Fact]
    public void Versions_of_the_same_name_in_other_libraries_are_left_alone() => ShouldBeLeftAlone(
        new ElfBuilder().Import(Initialize, InitializeVersion, "libc++.so.1").Import(Now, NowVersion, "libc++.so.1"));

    [Fact]
    public void Functions_that_the_library_defines_itself_are_left_alone()
    {
        var builder = new ElfBuilder().Import(Initialize, InitializeVersion).Import(Now, NowVersion);
        byte[] library = builder.Build();
        const int section = 6;
        library[builder.Symbol(0) + section] = 1;
        LibstdcxxNeeds.Relax(library).Should().BeNull();
    }

    [Theory]
    [InlineData(0, 0, "*not an ELF file*")]
    [InlineData(4, 1, "*not a 64-bit little-endian shared library*")]
    [InlineData(5, 2, "*not a 64-bit little-endian shared library*")]
    [InlineData(16, 2, "*not a 64-bit little-endian shared library*")]
    [InlineData(58, 40, "*section headers have an unknown size*")]
    public void A_file_of_another_kind_is_refused(int position, byte value, string message)
    {
        byte[] library = WithBothNeeds().Build();
        library[position] = value;
        Relaxing(library).Should().Throw<InvalidDataException>().WithMessage(message);
    }

    [Fact]
    public void A_file_that_is_too_short_for_a_header_is_refused()
    {
        Relaxing([]).Should().Throw<InvalidDataException>();
        Relaxing([0x7f, .. "ELF"u8]).Should().Throw<InvalidDataException>();
    }

    [Fact]
    public void A_list_of_versions_that_goes_in_circles_is_refused()
    {
        var builder = WithBothNeeds();
        byte[] library = builder.Build();
        const int count = 2, toFirst = 8, toNext = 12;
        // The list has the largest possible number of entries, and each is followed by itself.
        BinaryPrimitives.WriteUInt16LittleEndian(library.AsSpan(builder.Needs + count), ushort.MaxValue);
        library[builder.Needs + library[builder.Needs + toFirst] + toNext] = 0;
        Relaxing(library).Should().Throw<InvalidDataException>().WithMessage("*no end*");
    }

    [Fact]
    public void Sizes_and_positions_beyond_the_file_are_refused()
    {
        var builder = WithBothNeeds();
        byte[] sound = builder.Build();
        const int sections = 40, sectionCount = 60, offset = 24, size = 32, link = 40;
        int symbols = builder.SectionHeaders + 64;
        foreach (var (position, value) in new (int, ulong)[]
        {
            (sections, ulong.MaxValue), (sections, ulong.MaxValue - 63), (sections, 1UL << 63), (sections, uint.MaxValue),
            (sectionCount, ushort.MaxValue), (symbols + offset, ulong.MaxValue), (symbols + offset, int.MaxValue),
            (symbols + size, ulong.MaxValue), (symbols + size, 1UL << 63),
            (symbols + size, uint.MaxValue), (symbols + link, uint.MaxValue), (symbols + link, 5),
        })
        {
            byte[] library = [.. sound];
            int width = position == sectionCount ? sizeof(ushort) : position == symbols + link ? sizeof(uint) : sizeof(ulong);
            for (int i = 0; i < width; i++) library[position + i] = (byte)(value >> (8 * i));
            Relaxing(library).Should().Throw<InvalidDataException>($"{value:x} is at {position}");
        }
    }

    [Fact]
    public void A_library_cut_off_anywhere_is_refused()
    {
        byte[] library = WithBothNeeds().Build();
        for (int length = 0; length < library.Length; length++)
            Relaxing(library[..length]).Should().Throw<InvalidDataException>($"{length} of {library.Length} bytes are left");
    }

    [Fact]
    public void A_damaged_library_is_refused_left_alone_or_changed_where_it_may_be()
    {
        byte[] sound = WithBothNeeds().Build();
        var random = new Random(1);
        var outcomes = new Dictionary<string, int> { ["refused"] = 0, ["left alone"] = 0, ["changed"] = 0 };
        for (int round = 0; round < 10_000; round++)
        {
            byte[] library = [.. sound];
            for (int flips = random.Next(1, 5); flips > 0; flips--) library[random.Next(library.Length)] ^= (byte)random.Next(1, 256);
            try
            {
                byte[]? relaxed = LibstdcxxNeeds.Relax(library);
                outcomes[relaxed is null ? "left alone" : "changed"]++;
                const int nameVersionAndFlags = sizeof(uint) + sizeof(ushort) + sizeof(ushort);
                if (relaxed is not null) Differences(library, relaxed).Count().Should().BeLessThanOrEqualTo(2 * nameVersionAndFlags);
            }
            catch (InvalidDataException)
            {
                outcomes["refused"]++;
            }
        }
        outcomes.Values.Should().AllSatisfy(count => count.Should().BePositive());
    }

    [LinuxFact]
    public void TorchSharps_library_loads_with_the_libraries_of_Ubuntu_22_and_RHEL_9()
    {
        var needs = new ElfNeeds(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so")));
        // GCC 11's libstdc++ and glibc of RHEL 9; Ubuntu 22.04's are newer.
        Newest("GLIBCXX_").Should().BeLessThanOrEqualTo(new Version(3, 4, 29));
        Newest("CXXABI_").Should().BeLessThanOrEqualTo(new Version(1, 3, 13));
        Newest("GLIBC_").Should().BeLessThanOrEqualTo(new Version(2, 34));
        needs.Imports.Select(import => import.Version).Should().NotIntersectWith(needs.Weak);

        Version Newest(string prefix) => needs.Strong
            .Where(version => version.StartsWith(prefix, StringComparison.Ordinal))
            .Max(version => Version.Parse(version.AsSpan(prefix.Length)))!;
    }

    private static ElfBuilder WithBothNeeds() => new ElfBuilder()
        .Import("malloc", "GLIBC_2.2.5", "libc.so.6").Import(Initialize, InitializeVersion).Import(Now, NowVersion)
        .Import(Wait, WaitVersion).Import(NotifyOne, NotifyVersion).Import("__cxa_throw", "CXXABI_1.3");

    private static void ShouldBeLeftAlone(ElfBuilder library) => LibstdcxxNeeds.Relax(library.Build()).Should().BeNull();

    private static Action Relaxing(byte[] library) => () => LibstdcxxNeeds.Relax(library);

    private static int FlagsOf(byte[] library, string version) =>
        new ElfNeeds(library).Versions.Single(candidate => candidate.Name == version).FlagsPosition;

    private static IEnumerable<int> Differences(byte[] library, byte[] other) =>
        Enumerable.Range(0, library.Length).Where(i => library[i] != other[i]);

    private sealed class LinuxFactAttribute : FactAttribute
    {
        public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Only Linux has TorchSharp's library for Linux.";
    }
}
