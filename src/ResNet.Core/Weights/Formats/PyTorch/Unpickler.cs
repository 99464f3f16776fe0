using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// Reads pickles (CPython's Lib/pickletools.py describes the opcodes), but only those of weights: containers, numbers, texts, and the
/// few names that state dicts need. Any other name or opcode is refused, and nothing is ever run. The memory that it allocates is
/// limited by the number of bytes that it has read.
/// </summary>
/// <param name="stream">The stream, positioned at a pickle; after <see cref="Load"/> it is positioned after the pickle.</param>
/// <param name="path">The file, for error messages.</param>
/// <param name="storage">Finds the storage that a persistent identifier names.</param>
internal sealed class Unpickler(Stream stream, string path, Func<object?[], PickledStorage> storage)
{
    // A state dict takes 100 to 300 bytes per tensor.
    private const long MaximumBytes = 1 << 24;

    // The longest numbers are random seeds; converting longer ones to decimal would take too long.
    private const int MaximumIntegerBytes = byte.MaxValue;

    // The result of an opcode is small unless it copies; all copies together are limited in proportion to the bytes read.
    private const int CopiesPerByte = 4;
    private const int AllowedCopies = 4096;

    private const string OrderedDict = "collections.OrderedDict";

    // Training scripts, such as torchvision's and timm's, store their command line beside the weights. It is read as an empty dictionary.
    private const string Arguments = "argparse.Namespace";

    // Schedules store their milestones in a counter.
    private const string Counter = "collections.Counter";

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly object?[] s_emptyTuple = [];
    private static readonly object s_mark = new();
    private static readonly object s_nothing = new();

    private static readonly HashSet<string> s_constructors =
    [
        OrderedDict, "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter", "torch.Size",
        "_codecs.encode", "builtins.set", "__builtin__.set",
        Arguments, Counter,
    ];

    // More specific names come first.
    private static readonly string[] s_storageModules = ["torch.cuda.", "torch."];

    private static readonly Dictionary<string, ScalarType> s_storages = new()
    {
        ["DoubleStorage"] = ScalarType.Float64,
        ["FloatStorage"] = ScalarType.Float32,
        ["HalfStorage"] = ScalarType.Float16,
        ["BFloat16Storage"] = ScalarType.BFloat16,
        ["LongStorage"] = ScalarType.Int64,
        ["IntStorage"] = ScalarType.Int32,
        ["ShortStorage"] = ScalarType.Int16,
        ["CharStorage"] = ScalarType.Int8,
        ["ByteStorage"] = ScalarType.Byte,
        ["BoolStorage"] = ScalarType.Bool,
    };

    private readonly List<object?> _stack = [];
    private readonly List<object?> _memo = [];
    private long _read;
    private long _copied;

    /// <summary>The file, for errors.</summary>
    internal string Path => path;

    /// <summary>Returns the type of a storage by its name in a pickle; null if the name is not a storage type.</summary>
    internal static ScalarType? StorageType(object? name) =>
        name is PickledGlobal global
        && s_storageModules.FirstOrDefault(module => global.Name.StartsWith(module, StringComparison.Ordinal)) is { } module
        && s_storages.TryGetValue(global.Name[module.Length..], out var type) ? type : null;

    /// <summary>Returns the name of a type's storages in a pickle.</summary>
    internal static string StorageName(ScalarType type) => s_storages.First(entry => entry.Value == type).Key;

    /// <summary>Reads one pickle.</summary>
    /// <returns>
    /// null, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>, <see cref="string"/>, a byte array,
    /// an object array (a tuple), a list of objects (a list or a set), <see cref="PickledDictionary"/>, <see cref="PickledGlobal"/>,
    /// <see cref="PickledStorage"/> or <see cref="StoredTensor"/>. Containers may contain one another and themselves.
    /// </returns>
    /// <exception cref="WeightsFileException">The file is not a pickle, or not a pickle of weights.</exception>
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
            case 0x8B: PushInteger(ReadBytes(ReadLength(4))); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8))); break;

            case 0x8C: Push(s_utf8.GetString(ReadBytes(ReadByte()))); break;
            case (byte)'X': Push(s_utf8.GetString(ReadBytes(ReadLength(4)))); break;
            case 0x8D: Push(s_utf8.GetString(ReadBytes(ReadLength(8)))); break;
            // Python 2's texts; names in them are ASCII.
            case (byte)'U': Push(Encoding.Latin1.GetString(ReadBytes(ReadByte()))); break;
            case (byte)'T': Push(Encoding.Latin1.GetString(ReadBytes(ReadLength(4)))); break;
            case (byte)'C': Push(ReadBytes(ReadByte())); break;
            case (byte)'B': Push(ReadBytes(ReadLength(4))); break;
            case 0x8E or 0x96: Push(ReadBytes(ReadLength(8))); break;

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

            case (byte)'c': Push(Global($"{ReadLine()}.{ReadLine()}")); break;
            case 0x93:
                Push(Pop(2) is [string module, string name] ? Global($"{module}.{name}") : throw Broken("a name that is no text"));
                break;
            case (byte)'R' or 0x81:
                object? arguments = Pop();
                Push(Construct(Pop(), arguments as object?[] ?? throw Broken("arguments that are no tuple")));
                break;
            case (byte)'b': Build(Pop()); break;
            case (byte)'Q': Push(storage(Pop() as object?[] ?? throw Broken("a persistent identifier that is no tuple"))); break;

            default:
                string shown = code is > 32 and < 127 ? $"'{(char)code}'" : string.Create(CultureInfo.InvariantCulture, $"0x{code:X2}");
                throw Refused($"is damaged or not a file of weights: it uses the pickle opcode {shown}, which weights have no need of");
        }
    }

    private PickledGlobal Global(string name)
    {
        var global = new PickledGlobal(name);
        return s_constructors.Contains(name) || StorageType(global) is not null
            ? global
            : throw Refused(
                $"contains {Shown(name)}, which is none of the things that weights consist of, and nothing of it was run: "
                + "in PyTorch save a state dict of plain, dense tensors and nothing else");
    }

    private object? Construct(object? constructor, object?[] arguments)
    {
        string name = (constructor as PickledGlobal)?.Name ?? throw Broken("a call of something that is no constructor");
        return (name, arguments) switch
        {
            (OrderedDict or Counter or Arguments, []) => new PickledDictionary(),
            (OrderedDict, [List<object?> pairs]) => Fill([], [.. pairs.SelectMany(Pair)]),
            (Counter, [PickledDictionary counts]) => counts,
            ("torch._utils._rebuild_tensor",
                [PickledStorage elements, long offset, object?[] shape, object?[] strides]) =>
                Tensor(elements, offset, shape, strides),
            ("torch._utils._rebuild_tensor_v2",
                [PickledStorage elements, long offset, object?[] shape, object?[] strides, _, _, ..]) =>
                Tensor(elements, offset, shape, strides),
            ("torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" or "torch.nn.parameter.Parameter",
                [StoredTensor tensor, ..]) => tensor,
            ("torch.Size", [object?[] or List<object?>]) => arguments[0] is List<object?> list ? Copy(list) : arguments[0],
            ("_codecs.encode", [string text, ..]) => text,
            ("builtins.set" or "__builtin__.set", [List<object?>]) => arguments[0],
            _ => throw Broken($"a call of {name} with arguments that it does not take"),
        };
    }

    private object?[] Pair(object? pair) => pair switch
    {
        object?[] { Length: 2 } tuple => tuple,
        List<object?> { Count: 2 } list => [list[0], list[1]],
        _ => throw Broken("an OrderedDict of something else than pairs"),
    };

    private object?[] Copy(List<object?> list)
    {
        Spend(list.Count);
        return [.. list];
    }

    private StoredTensor Tensor(PickledStorage elements, long offset, object?[] shape, object?[] strides)
    {
        if (shape.Length > StoredTensor.MaximumDimensions || strides.Length > StoredTensor.MaximumDimensions)
            throw Broken($"a tensor of {shape.Length} dimensions");
        Spend(shape.Length + strides.Length);
        var tensor = new StoredTensor(elements.Storage, offset, [.. shape.Select(Number)], [.. strides.Select(Number)]);
        if (tensor.Problem(elements.Count) is { } problem) throw Broken($"a tensor with {problem}");
        return tensor with { Offset = elements.Offset + offset };
    }

    // The state of a state dict is not needed for its tensors: versions of modules, hooks, whether gradients are computed.
    private void Build(object? state)
    {
        if (Peek() is not (PickledDictionary or StoredTensor))
            throw Broken($"a state ({state?.GetType().Name}) for something that has none");
    }

    private void Append(object?[] items)
    {
        var list = Peek() as List<object?> ?? throw Broken("an element for something that is no list");
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        var dictionary = Peek() as PickledDictionary ?? throw Broken("an entry for something that is no dictionary");
        Fill(dictionary, items);
    }

    private PickledDictionary Fill(PickledDictionary dictionary, object?[] items)
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

    private long Number(object? value) => value is long number ? number : throw Broken("a size that is no number");

    private void PushInteger(byte[] bytes)
    {
        if (bytes.Length > MaximumIntegerBytes) throw Broken($"a number of {bytes.Length} bytes");
        var value = new BigInteger(bytes);
        Push(value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value);
    }

    private int ReadLength(int bytes)
    {
        var length = ReadBytes(bytes);
        ulong value = bytes == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(length) : BinaryPrimitives.ReadUInt32LittleEndian(length);
        return value <= (ulong)Math.Min(stream.Length - stream.Position, MaximumBytes) ? (int)value : throw new EndOfStreamException();
    }

    private string ReadLine()
    {
        const int Longest = 1000;
        var line = new StringBuilder();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            if (line.Length == Longest) throw Broken("a name without an end");
            line.Append((char)next);
        }
        return line.ToString();
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

    private WeightsFileException Broken(string what) => Refused($"is damaged or not a file of weights: its pickle has {what}");

    private static string Shown(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
