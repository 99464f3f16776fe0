using System.Buffers.Binary;
using System.Text;

namespace ResNet.Core.Tests.Libstdcxx;

/// <summary>The versions that a valid 64-bit ELF library needs of other libraries, and the functions that it imports from them.</summary>
internal sealed class ElfNeeds
{
    private readonly byte[] _library;
    private readonly Dictionary<uint, (int Start, int Size)> _sections = [];

    internal ElfNeeds(byte[] library)
    {
        _library = library;
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(library.AsSpan(40));
        int names = 0;
        for (int header = table; header < table + 64 * Half(60); header += 64)
        {
            uint type = (uint)Word(header + 4);
            if (!_sections.TryAdd(type, (Word(header + 24), Word(header + 32)))) continue;
            const uint dynamicSymbols = 11;
            if (type == dynamicSymbols) names = Word(table + 64 * Word(header + 40) + 24);
        }
        Versions = [.. ReadVersions(_sections[0x6ffffffe].Start, names)];
        Imports = [.. ReadImports(_sections[11], _sections[0x6fffffff].Start, names)];
    }

    internal IReadOnlyList<Version> Versions { get; }

    /// <summary>The names of the versions that the loader demands.</summary>
    internal IEnumerable<string> Strong => Versions.Where(version => !version.IsWeak).Select(version => version.Name);

    /// <summary>The names of the versions that may be missing.</summary>
    internal IEnumerable<string> Weak => Versions.Where(version => version.IsWeak).Select(version => version.Name);

    internal IReadOnlyList<(string Symbol, string Version)> Imports { get; }

    private IEnumerable<Version> ReadVersions(int start, int names)
    {
        for (int file = start, toNext = -1; toNext != 0; file += toNext)
        {
            int entry = file + Word(file + 8);
            for (int left = Half(file + 2); left > 0; left--, entry += Word(entry + 12))
            {
                const int weak = 2;
                bool isWeak = (Half(entry + 4) & weak) != 0;
                yield return new Version(Text(names + Word(file + 4)), Text(names + Word(entry + 8)), isWeak, Half(entry + 6), entry + 4);
            }
            toNext = Word(file + 12);
        }
    }

    private IEnumerable<(string Symbol, string Version)> ReadImports((int Start, int Size) symbols, int versions, int names)
    {
        for (int i = 1; i < symbols.Size / 24; i++)
        {
            int symbol = symbols.Start + 24 * i;
            if (Half(symbol + 6) == 0 && Versions.FirstOrDefault(version => version.Number == Half(versions + 2 * i)) is { } version)
                yield return (Text(names + Word(symbol)), version.Name);
        }
    }

    private int Half(int position) => BinaryPrimitives.ReadUInt16LittleEndian(_library.AsSpan(position));

    private int Word(int position) => BinaryPrimitives.ReadInt32LittleEndian(_library.AsSpan(position));

    private string Text(int position) =>
        Encoding.ASCII.GetString(_library, position, Array.IndexOf(_library, (byte)0, position) - position);

    /// <summary>A needed version of another library. The loader demands it unless it is weak.</summary>
    internal sealed record Version(string Library, string Name, bool IsWeak, int Number, int FlagsPosition);
}
