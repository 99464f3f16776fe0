#nullable enable

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;

namespace ResNet.Core.Build;

/// <summary>
/// Writes a copy of TorchSharp's native library that loads with an older libstdc++; no copy if the library already loads with it.
/// </summary>
/// <remarks>MSBuild compiles this file when it runs the task: see ResNet.Core.targets beside it.</remarks>
public sealed class RelaxLibstdcxxNeeds : Microsoft.Build.Utilities.Task
{
    /// <summary>The library as it is in its package. The task only reads it.</summary>
    [Required]
    public string Library { get; set; } = "";

    /// <summary>The path of the copy. An existing file is replaced, or deleted if no copy is needed.</summary>
    [Required]
    public string Copy { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        byte[]? relaxed = null;
        try
        {
            relaxed = LibstdcxxNeeds.Relax(File.ReadAllBytes(Library));
        }
        catch (Exception refusal) when (refusal is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Log.LogWarning(null, "RESNET0001", null, Library, 0, 0, 0, 0,
                "The library is used as it is, since it cannot be adapted to older versions of libstdc++: {0}", refusal.Message);
        }
        try
        {
            Replace(Copy, relaxed);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.LogErrorFromException(failure);
        }
        return !Log.HasLoggedErrors;
    }

    // An output folder can have hard links to the file, and a running program can use it. So it is replaced and never written to.
    private static void Replace(string path, byte[]? content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (content is null)
        {
            File.Delete(path);
            return;
        }
        string unfinished = path + "." + Path.GetRandomFileName();
        try
        {
            File.WriteAllBytes(unfinished, content);
            File.Delete(path);
            File.Move(unfinished, path);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}

/// <summary>Removes needs of new libstdc++ versions from an ELF library if an older libstdc++ does the same.</summary>
public static class LibstdcxxNeeds
{
    private const string Library = "libstdc++.so.6";
    private const uint DynamicSymbols = 11;
    private const uint VersionNeeds = 0x6ffffffe;
    private const uint SymbolVersions = 0x6fffffff;
    private const int SymbolSize = 24;
    private const int NeedSize = 16;
    private const ushort Weak = 2;
    private const ushort Hidden = 0x8000;

    private static readonly (string Symbol, string Version, string OtherSymbol, string OtherVersion)[] Substitutes =
    [
        // GCC 13 and later refer to this function if <iostream> is included, so that libstdc++ initializes std::cout and similar objects.
        // They do not call it, and a call of the substitute would do no harm. With an older libstdc++ the objects that include <iostream>
        // initialize std::cout, and libtorch's libraries, which are loaded before TorchSharp's, have such objects.
        ("_ZSt21ios_base_library_initv", "GLIBCXX_3.4.32", "_ZNSt6chrono3_V212steady_clock3nowEv", "GLIBCXX_3.4.19"),
        // std::condition_variable::wait got a new version when it became noexcept. The older version is the same function.
        ("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", "GLIBCXX_3.4.30",
            "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", "GLIBCXX_3.4.11"),
    ];

    /// <summary>Edits a copy of a library.</summary>
    /// <param name="library">The bytes of an ELF file. They stay as they are.</param>
    /// <returns>The edited copy, of the same length; null if the library has no need that this class knows.</returns>
    /// <exception cref="InvalidDataException">
    /// The file is not a 64-bit little-endian shared library, or its tables contradict each other.
    /// </exception>
    public static byte[]? Relax(byte[] library)
    {
        var elf = new ElfFile((byte[])library.Clone());
        if (elf.Find(DynamicSymbols) is not { } symbols || elf.Find(SymbolVersions) is not { } versions ||
            elf.Find(VersionNeeds) is not { } needs)
        {
            return null;
        }
        int count = symbols.Size / SymbolSize;
        if (versions.Size != 2 * count) throw new InvalidDataException($"it has {count} symbols, but versions of {versions.Size / 2}");

        var names = elf.Linked(symbols);
        var known = ReadNeeds(elf, needs);
        bool changed = false;
        foreach (var (symbol, version, otherSymbol, otherVersion) in Substitutes)
        {
            if (!known.TryGetValue(version, out var need) || !known.TryGetValue(otherVersion, out var other)) continue;
            // Another symbol of the same version would still need it.
            var imports = Imports(need.Index);
            if (imports.Count != 1 || Name(imports[0]) != symbol) continue;
            int import = imports[0];
            int donor = symbol == otherSymbol ? import : Imports(other.Index).Find(candidate => Name(candidate) == otherSymbol);
            if (donor == 0) continue;
            elf.Write(symbols, import * SymbolSize, BitConverter.GetBytes(elf.UInt32(symbols, donor * SymbolSize)));
            elf.Write(versions, import * 2, BitConverter.GetBytes(other.Index));
            // The loader accepts a missing version if the need of it is weak.
            elf.Write(needs, need.Flags, BitConverter.GetBytes((ushort)(elf.UInt16(needs, need.Flags) | Weak)));
            changed = true;
        }
        return changed ? elf.Bytes : null;

        string Name(int index) => elf.Text(names, elf.UInt32(symbols, index * SymbolSize));

        // Undefined symbols of a version. The first entry of a table is not a symbol.
        List<int> Imports(ushort version) =>
            [.. Enumerable.Range(1, Math.Max(count - 1, 0)).Where(index =>
                (elf.UInt16(versions, index * 2) & ~Hidden) == version && elf.UInt16(symbols, index * SymbolSize + 6) == 0)];
    }

    // The position of the flags of each needed version of libstdc++, and the number by which symbols refer to the version.
    private static Dictionary<string, (int Flags, ushort Index)> ReadNeeds(ElfFile elf, Section needs)
    {
        var names = elf.Linked(needs);
        var found = new Dictionary<string, (int, ushort)>();
        // Every entry takes room, so a chain of more entries than there is room for is a cycle.
        int left = needs.Size / NeedSize;
        int file = 0;
        uint toNextFile;
        do
        {
            int entry = Forward(file, elf.UInt32(needs, file + 8));
            for (int versions = elf.UInt16(needs, file + 2); versions > 0; versions--)
            {
                if (left-- == 0) throw new InvalidDataException("its list of needed versions has no end");
                if (elf.Text(names, elf.UInt32(needs, file + 4)) == Library)
                    found[elf.Text(names, elf.UInt32(needs, entry + 8))] = (entry + 4, elf.UInt16(needs, entry + 6));
                entry = Forward(entry, elf.UInt32(needs, entry + 12));
            }
            if (left-- == 0) throw new InvalidDataException("its list of needed versions has no end");
            toNextFile = elf.UInt32(needs, file + 12);
            file = Forward(file, toNextFile);
        }
        while (toNextFile != 0);
        return found;

        int Forward(int offset, uint distance) =>
            distance <= needs.Size
                ? offset + (int)distance
                : throw new InvalidDataException("its list of needed versions goes beyond its section");
    }

    private readonly struct Section(uint type, int offset, int size, uint link)
    {
        internal readonly uint Type = type;
        internal readonly int Offset = offset;
        internal readonly int Size = size;
        internal readonly uint Link = link;
    }

    /// <summary>Reads and writes an ELF file, within the bounds of its sections.</summary>
    private sealed class ElfFile
    {
        private const int HeaderSize = 64;
        private const int SectionHeaderSize = 64;
        private const uint WithoutBytes = 8;
        private readonly Section[] _sections;

        internal ElfFile(byte[] bytes)
        {
            Bytes = bytes;
            if (bytes.Length < HeaderSize || BitConverter.ToUInt32(bytes, 0) != 0x464c457f)
                throw new InvalidDataException("it is not an ELF file");
            const int Is64Bit = 2, IsLittleEndian = 1, IsSharedLibrary = 3;
            if (bytes[4] != Is64Bit || bytes[5] != IsLittleEndian || BitConverter.ToUInt16(bytes, 16) != IsSharedLibrary)
                throw new InvalidDataException("it is not a 64-bit little-endian shared library");
            ulong start = BitConverter.ToUInt64(bytes, 40);
            int count = BitConverter.ToUInt16(bytes, 60);
            if (count > 0 && BitConverter.ToUInt16(bytes, 58) != SectionHeaderSize)
                throw new InvalidDataException("its section headers have an unknown size");
            CheckRange("table of sections", start, (ulong)(count * SectionHeaderSize));
            _sections = [.. Enumerable.Range(0, count).Select(index => ReadSection((int)start + index * SectionHeaderSize))];
        }

        internal byte[] Bytes { get; }

        internal Section? Find(uint type)
        {
            int index = Array.FindIndex(_sections, section => section.Type == type);
            return index < 0 ? null : _sections[index];
        }

        internal Section Linked(Section section) =>
            section.Link < _sections.Length
                ? _sections[(int)section.Link]
                : throw new InvalidDataException("one of its sections refers to a section that is missing");

        internal ushort UInt16(Section section, int offset) => BitConverter.ToUInt16(Bytes, Locate(section, offset, sizeof(ushort)));

        internal uint UInt32(Section section, int offset) => BitConverter.ToUInt32(Bytes, Locate(section, offset, sizeof(uint)));

        internal void Write(Section section, int offset, byte[] value) => value.CopyTo(Bytes, Locate(section, offset, value.Length));

        internal string Text(Section section, long offset)
        {
            int start = Locate(section, offset, 1);
            int end = Array.IndexOf(Bytes, (byte)0, start, section.Offset + section.Size - start);
            if (end < 0) throw new InvalidDataException("a name in it has no end");
            return Encoding.ASCII.GetString(Bytes, start, end - start);
        }

        private static int Locate(Section section, long offset, int length) =>
            offset >= 0 && offset <= section.Size - length
                ? section.Offset + (int)offset
                : throw new InvalidDataException("an entry of a section lies outside it");

        private Section ReadSection(int header)
        {
            uint type = BitConverter.ToUInt32(Bytes, header + 4);
            ulong offset = BitConverter.ToUInt64(Bytes, header + 24), size = BitConverter.ToUInt64(Bytes, header + 32);
            if (type == WithoutBytes) (offset, size) = (0, 0);
            CheckRange("section", offset, size);
            return new Section(type, (int)offset, (int)size, BitConverter.ToUInt32(Bytes, header + 40));
        }

        private void CheckRange(string what, ulong offset, ulong size)
        {
            if (offset > (ulong)Bytes.Length || size > (ulong)Bytes.Length - offset)
                throw new InvalidDataException($"a {what} reaches beyond its end");
        }
    }
}
