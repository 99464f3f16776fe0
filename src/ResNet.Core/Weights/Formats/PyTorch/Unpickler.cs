using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Unicode;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// Reads pickles (CPython's Lib/pickletools.py describes the opcodes) of all protocols. Only tensors and plain containers are built;
/// any other object becomes a placeholder (<see cref="PickledObject"/>), and nothing is ever run. The memory that it allocates is
/// limited by the number of bytes that it has read.
/// </summary>
/// <param name="stream">The stream, positioned at a pickle; after <see cref="Load"/> it is positioned after the pickle.</param>
/// <param name="path">The file, for error messages.</param>
/// <param name="persistent">
/// Finds the object that a persistent identifier names: a <see cref="PickledStorage"/>, a tensor or a placeholder.
/// </param>
internal sealed class Unpickler(Stream stream, string path, Func<object?, object?> persistent)
{
    // A state dict takes 100 to 300 bytes per tensor.
    private const long MaximumBytes = 1 << 24;

    // The longest numbers are random seeds; converting longer ones to decimal would take too long.
    private const int MaximumIntegerBytes = byte.MaxValue;

    // The result of an opcode is small unless it copies; all copies together are limited in proportion to the bytes read.
    private const int CopiesPerByte = 4;
    private const int AllowedCopies = 4096;

    // Longer texts and bytes are not part of weights.
    private const int MaximumContentBytes = 1 << 16;

    // Longer than any name in Python's libraries.
    private const int MaximumNameLength = 1000;

    private static readonly object?[] s_emptyTuple = [];
    private static readonly object s_mark = new();
    private static readonly object s_nothing = new();

    private readonly List<object?> _stack = [];
    private readonly List<object?> _memo = [];
    private PickledCalls? _calls;
    private string? _unknown;
    private bool _hasDamagedText;
    private long _read;
    private long _copied;

    /// <summary>The file, for errors.</summary>
    internal string Path => path;

    /// <summary>Reads one pickle.</summary>
    /// <returns>
    /// null, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>, <see cref="string"/>, a byte array,
    /// an object array (a tuple), a list of objects (a list or a set), <see cref="PickledDictionary"/>, <see cref="PickledGlobal"/>,
    /// <see cref="PickledObject"/>, <see cref="PickledStorage"/>, <see cref="StoredTensor"/> or <see cref="UnreadableTensor"/>.
    /// Containers may contain one another and themselves.
    /// </returns>
    /// <exception cref="WeightsFileException">The file is not a pickle, or it is damaged.</exception>
    internal object? Load()
    {
        while (true)
        {
            byte code = ReadByte();
            if (code == '.') return Pop();
            Execute(code);
        }
    }

    /// <summary>Counts copied elements; throws if there are more than the pickle's length allows.</summary>
    internal void Spend(long copied)
    {
        _copied += copied;
        if (_copied > (CopiesPerByte * _read) + AllowedCopies) throw Refused("repeats itself more than any file of weights does");
    }

    /// <summary>Returns an exception that names the file and the problem.</summary>
    internal WeightsFileException Refused(string problem) => new(path, problem);

    /// <summary>Returns an exception for a pickle with something that pickles do not have.</summary>
    internal WeightsFileException Broken(string what) => Refused($"is damaged or not a file of weights: its pickle has {what}");

    /// <summary>Returns an exception for a pickle without the wanted content; it names the first unknown name, if there is one.</summary>
    /// <param name="problem">The problem of a pickle without unknown objects.</param>
    internal WeightsFileException Lacking(string problem) => _unknown is not null ? Unknown(_unknown)
        : Refused(_hasDamagedText ? "is damaged or not a file of weights: a text in its pickle is not UTF-8" : problem);

    /// <summary>Returns an exception for a file whose content depends on an unknown name.</summary>
    internal WeightsFileException Unknown(string name) => Refused(
        $"contains {Shown(name)}, which is none of the things that weights consist of, and nothing of it was run: "
        + "in PyTorch save a state dict of plain, dense tensors");

    private void Execute(byte code)
    {
        switch (code)
        {
            // Frames and the protocol's number do not change the meaning of later opcodes.
            case 0x80: ReadByte(); break;
            case 0x95: ReadBytes(8); break;

            case (byte)'(': Push(s_mark); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'2': Push(Peek()); break;

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(4))); break;
            case (byte)'K': Push((long)ReadByte()); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2))); break;
            case 0x8A: PushInteger(ReadBytes(ReadByte())); break;
            case 0x8B: PushInteger(ReadContent(4, bytes => bytes)); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8))); break;

            // Protocol 0 writes values as lines of text.
            case (byte)'I' or (byte)'L': Push(PickledLine.Integer(ReadLine()) ?? throw Broken("a line that is no number")); break;
            case (byte)'F': Push(PickledLine.Real(ReadLine()) ?? throw Broken("a line that is no number")); break;
            case (byte)'S': Push(ReadTextLine(PickledLine.Quoted)); break;
            case (byte)'V': Push(ReadTextLine(PickledLine.Unicode)); break;
            case (byte)'P': Push(persistent(StorageIdentifier.FromText(ReadLine()))); break;
            case (byte)'p': Remember(ReadKey()); break;
            case (byte)'g': Push(Remembered(ReadKey())); break;

            case 0x8C: Push(Text(ReadBytes(ReadByte()))); break;
            case (byte)'X': Push(ReadContent(4, Text)); break;
            case 0x8D: Push(ReadContent(8, Text)); break;
            // Python 2's texts; names in them are ASCII.
            case (byte)'U': Push(Encoding.Latin1.GetString(ReadBytes(ReadByte()))); break;
            case (byte)'T': Push(ReadContent(4, Encoding.Latin1.GetString)); break;
            case (byte)'C': Push(ReadBytes(ReadByte())); break;
            case (byte)'B': Push(ReadContent(4, bytes => bytes)); break;
            case 0x8E or 0x96: Push(ReadContent(8, bytes => bytes)); break;

            case (byte)')': Push(s_emptyTuple); break;
            case (byte)'t': Push(PopToMark()); break;
            case 0x85: Push(Pop(1)); break;
            case 0x86: Push(Pop(2)); break;
            case 0x87: Push(Pop(3)); break;
            case (byte)']' or 0x8F: Push(new List<object?>()); break;
            case (byte)'l' or 0x91: Push(PopToMark().ToList()); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e' or 0x90: Append(PopToMark()); break;
            case (byte)'}': Push(new PickledDictionary()); break;
            case (byte)'d': Push(Fill([], PopToMark())); break;
            case (byte)'s': SetItems(Pop(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;

            case (byte)'q': Remember(ReadByte()); break;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4))); break;
            case 0x94: Remember(_memo.Count); break;
            case (byte)'h': Push(Remembered(ReadByte())); break;
            case (byte)'j': Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4)))); break;

            case (byte)'c': Push(Global(ReadLine(), ReadLine())); break;
            case 0x93:
                Push(Pop(2) is [string module, string name] ? Global(module, name) : throw Broken("a name that is no text"));
                break;
            case 0x92: Pop(); Call(); break;
            case (byte)'i': CallWith(Global(ReadLine(), ReadLine()), PopToMark()); break;
            case (byte)'o':
                object?[] parts = PopToMark();
                CallWith(parts is [{ } callee, ..] ? callee : throw Broken("an operand that is not there"), parts[1..]);
                break;
            case (byte)'R' or 0x81: Call(); break;
            case (byte)'b': Build(Pop()); break;
            case (byte)'Q': Push(persistent(Pop())); break;

            default:
                string shown = code is > 32 and < 127 ? $"'{(char)code}'" : string.Create(CultureInfo.InvariantCulture, $"0x{code:X2}");
                throw Refused($"is damaged or not a file of weights: it uses the pickle opcode {shown}, which weights have no need of");
        }
    }

    // Names that are too long for any module's are cut, so that texts cannot be copied again and again.
    private PickledGlobal Global(string module, string name)
    {
        string full = $"{Cut(module)}.{Cut(name)}";
        Spend(full.Length);
        bool isKnown = PickledCalls.IsKnown(full);
        if (!isKnown) _unknown ??= full;
        return new PickledGlobal(full, isKnown);
    }

    private void Call()
    {
        object?[] arguments = Pop() as object?[] ?? throw Broken("arguments that are no tuple");
        CallWith(Pop(), arguments);
    }

    private void CallWith(object? callee, object?[] arguments) => Push((_calls ??= new PickledCalls(this)).Call(callee, arguments));

    // The state of a tensor or a state dict is not needed: versions of modules, hooks, whether gradients are computed.
    private void Build(object? state)
    {
        switch (Peek())
        {
            case PickledDictionary or StoredTensor or UnreadableTensor: break;
            case PickledObject placeholder: placeholder.State = state; break;
            default: throw Broken($"a state ({state?.GetType().Name}) for something that has none");
        }
    }

    private void Append(object?[] items)
    {
        var list = Peek() switch
        {
            List<object?> own => own,
            PickledObject placeholder => placeholder.Items ??= [],
            _ => throw Broken("an element for something that is no list"),
        };
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        var dictionary = Peek() switch
        {
            PickledDictionary own => own,
            PickledObject placeholder => placeholder.Entries ??= [],
            _ => throw Broken("an entry for something that is no dictionary"),
        };
        Fill(dictionary, items);
    }

    /// <summary>Adds keys and values, which alternate, to a dictionary.</summary>
    internal PickledDictionary Fill(PickledDictionary dictionary, object?[] items)
    {
        if (items.Length % 2 != 0) throw Broken("a key without a value");
        Spend(items.Length);
        for (int i = 0; i < items.Length; i += 2) dictionary.Add(new(items[i], items[i + 1]));
        return dictionary;
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > 0 && _stack[^1] != s_mark ? _stack[^1] : throw Broken("an operand that is not there");

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] Pop(int count)
    {
        var values = new object?[count];
        for (int i = count - 1; i >= 0; i--) values[i] = Pop();
        return values;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(s_mark);
        if (mark < 0) throw Broken("a mark that is not there");
        object?[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    // Keys count the objects in the memo: they are indexes, and never exceed the number of bytes read.
    private void Remember(long key)
    {
        object? value = Peek();
        if (key > _read) throw Broken($"a memo of {key} things in {_read} bytes");
        while (_memo.Count <= key) _memo.Add(s_nothing);
        _memo[(int)key] = value;
    }

    private object? Remembered(long key) => key < _memo.Count && _memo[(int)key] != s_nothing
        ? _memo[(int)key]
        : throw Broken("a reference to something that it has not had");

    private void PushInteger(object bytes)
    {
        if (bytes is not byte[] { Length: <= MaximumIntegerBytes } number)
            throw Broken($"a number of more than {MaximumIntegerBytes} bytes");
        var value = new BigInteger(number);
        Push(value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value);
    }

    // Python writes a text that is no Unicode, such as a path of other characters, in bytes that are no UTF-8. No tensor has such a name.
    private object Text(byte[] bytes)
    {
        if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        _hasDamagedText = true;
        return new PickledObject("builtins.str");
    }

    // Weights have no long texts or bytes. NumPy's arrays and images beside them do, which are passed over.
    private object ReadContent(int lengthBytes, Func<byte[], object> convert)
    {
        var field = ReadBytes(lengthBytes);
        ulong length = lengthBytes == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field);
        if (length > (ulong)(stream.Length - stream.Position)) throw new EndOfStreamException();
        if (length <= MaximumContentBytes) return convert(ReadBytes((int)length));
        stream.Position += (long)length;
        return new PickledObject("builtins.bytes");
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            if (line.Length == MaximumNameLength) throw Broken("a name without an end");
            line.Append((char)next);
        }
        return line.ToString();
    }

    private long ReadKey() => PickledLine.Integer(ReadLine()) is long key and >= 0
        ? key
        : throw Broken("a line that is no key of its memo");

    // As for ReadContent, the rest of a long line is passed over.
    private object ReadTextLine(Func<string, string?> convert)
    {
        var line = new StringBuilder();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            if (line.Length == MaximumContentBytes)
            {
                SkipLine();
                return new PickledObject("builtins.bytes");
            }
            line.Append((char)next);
        }
        string text = convert(line.ToString()) ?? throw Broken("a line that is no text");
        if (Utf16IsValid(text)) return text;
        _hasDamagedText = true;
        return new PickledObject("builtins.str");
    }

    private void SkipLine()
    {
        int value;
        do value = stream.ReadByte();
        while (value is not (-1 or '\n'));
        if (value < 0) throw new EndOfStreamException();
    }

    private byte ReadByte()
    {
        int value = stream.ReadByte();
        Count(1);
        return value >= 0 ? (byte)value : throw new EndOfStreamException();
    }

    private byte[] ReadBytes(int count)
    {
        Count(count);
        if (count > stream.Length - stream.Position) throw new EndOfStreamException();
        var bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private void Count(int bytes)
    {
        _read += bytes;
        if (_read > MaximumBytes) throw Refused($"has a pickle of more than {MaximumBytes >> 20} MiB, more than any file of weights needs");
    }

    // Whether no half of a pair of surrogates stands alone.
    private static bool Utf16IsValid(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) return false;
        }
        return true;
    }

    private static string Cut(string name) => name.Length > MaximumNameLength ? name[..MaximumNameLength] : name;

    private static string Shown(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
