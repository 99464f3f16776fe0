using System.Buffers.Binary;
using System.Text;

namespace ResNet.Core.Tests.Libstdcxx;

/// <summary>Builds 64-bit shared libraries with nothing but imported functions and their versions.</summary>
internal sealed class ElfBuilder
{
    internal const string Libstdcxx = "libstdc++.so.6";
    private const int HeaderSize = 64, SectionHeaderSize = 64, SymbolSize = 24, NeedSize = 16;
    private readonly List<(string Symbol, string Library, string Version)> _imports = [];
    private readonly List<byte> _names = [];

    /// <summary>The position of each part in the library that was built last.</summary>
    internal int Symbols { get; private set; }

    internal int SymbolVersions { get; private set; }

    internal int Needs { get; private set; }

    internal int SectionHeaders { get; private set; }

    /// <summary>Adds a function that the library imports from another one.</summary>
    internal ElfBuilder Import(string symbol, string version, string library = Libstdcxx)
    {
        _imports.Add((symbol, library, version));
        return this;
    }

    /// <summary>Returns the position of the entry of an imported function.</summary>
    internal int Symbol(int import) => Symbols + SymbolSize * (import + 1);

    /// <summary>Returns the position of the number of its version.</summary>
    internal int SymbolVersion(int import) => SymbolVersions + sizeof(ushort) * (import + 1);

    /// <summary>Builds the library.</summary>
    internal byte[] Build()
    {
        var library = new List<byte>(new byte[HeaderSize]);
        _names.Clear();
        _names.Add(0);
        // Linkers also use an order of their own.
        var versions = _imports.Select(import => (import.Library, import.Version)).Distinct().Reverse().ToList();

        Symbols = library.Count;
        library.AddRange(new byte[SymbolSize]);
        foreach (var import in _imports)
        {
            const byte globalFunction = 0x12;
            library.AddRange([.. Word(Name(import.Symbol)), globalFunction, 0, 0, 0, .. new byte[16]]);
        }
        SymbolVersions = library.Count;
        library.AddRange([0, 0]);
        foreach (var import in _imports) library.AddRange(Half(Number((import.Library, import.Version))));
        Needs = library.Count;
        var files = versions.GroupBy(version => version.Library).ToList();
        foreach (var file in files)
        {
            var needed = file.ToList();
            int next = file.Key == files[^1].Key ? 0 : NeedSize * (needed.Count + 1);
            library.AddRange([.. Half(1), .. Half(needed.Count), .. Word(Name(file.Key)), .. Word(NeedSize), .. Word(next)]);
            foreach (var need in needed)
            {
                int nextNeed = need == needed[^1] ? 0 : NeedSize;
                library.AddRange([.. Word(0), .. Half(0), .. Half(Number(need)), .. Word(Name(need.Version)), .. Word(nextNeed)]);
            }
        }
        int names = library.Count;
        library.AddRange(_names);
        SectionHeaders = library.Count;
        library.AddRange(new byte[SectionHeaderSize]);
        AddSection(11, Symbols, SymbolVersions, link: 3);
        AddSection(0x6fffffff, SymbolVersions, Needs, link: 1);
        AddSection(3, names, SectionHeaders, link: 0);
        // Linkers leave out empty sections.
        if (versions.Count > 0) AddSection(0x6ffffffe, Needs, names, link: 3);
        WriteHeader(library, sections: versions.Count > 0 ? 5 : 4);
        return [.. library];

        int Number((string, string) version) => versions.IndexOf(version) + 2;

        void AddSection(uint type, int start, int end, int link) =>
            library.AddRange([
                .. Word(0), .. Word(type), .. Long(0), .. Long(0), .. Long(start), .. Long(end - start),
                .. Word(link), .. Word(0), .. Long(1), .. Long(0),
            ]);
    }

    private void WriteHeader(List<byte> library, int sections)
    {
        const byte is64Bit = 2, isLittleEndian = 1, version = 1;
        const int sharedLibrary = 3, x64 = 62;
        byte[] header =
        [
            0x7f, .. "ELF"u8, is64Bit, isLittleEndian, version, .. new byte[9], .. Half(sharedLibrary), .. Half(x64), .. Word(version),
            .. Long(0), .. Long(0), .. Long(SectionHeaders), .. Word(0),
            .. Half(HeaderSize), .. Half(0), .. Half(0), .. Half(SectionHeaderSize), .. Half(sections), .. Half(0),
        ];
        for (int i = 0; i < HeaderSize; i++) library[i] = header[i];
    }

    private long Name(string name)
    {
        int position = _names.Count;
        _names.AddRange([.. Encoding.ASCII.GetBytes(name), 0]);
        return position;
    }

    private static byte[] Half(int value) => Bytes(sizeof(ushort), value);

    private static byte[] Word(long value) => Bytes(sizeof(uint), value);

    private static byte[] Long(long value) => Bytes(sizeof(long), value);

    private static byte[] Bytes(int count, long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes[..count];
    }
}
