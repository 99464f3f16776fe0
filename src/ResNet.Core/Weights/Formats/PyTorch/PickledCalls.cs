using ResNet.Core.Weights.Formats.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// What the calls in a pickle give: tensors and containers for the names that are known, which are those of PyTorch's
/// <c>weights_only</c> (torch/_weights_only_unpickler.py) as far as tensors are dense and of a supported type; placeholders for others.
/// </summary>
/// <param name="unpickler">The unpickler, which limits the copies and names the file in errors.</param>
internal sealed class PickledCalls(Unpickler unpickler)
{
    private const string OrderedDict = "collections.OrderedDict";
    private const string DefaultDict = "collections.defaultdict";
    private const string Counter = "collections.Counter";
    private const string RebuildFunctions = "torch._utils._rebuild_";
    private const string RebuildTensor = "torch._utils._rebuild_tensor";
    private const string RebuildTensor2 = "torch._utils._rebuild_tensor_v2";
    private const string RebuildTensor3 = "torch._utils._rebuild_tensor_v3";
    private const string RebuildFromType = "torch._tensor._rebuild_from_type_v2";

    // TorchScript's lists and dictionaries with the types of their elements (torch/csrc/jit/serialization/pickler.cpp).
    private const string ScriptList = "torch.jit._pickle.build_tensorlist";
    private const string ScriptTag = "torch.jit._pickle.restore_type_tag";

    // A storage of bytes, for the types that have no storages of their own.
    private const string UntypedStorage = "torch.storage.UntypedStorage";

    // Their first argument is a tensor, and so is what they give.
    private static readonly HashSet<string> s_wrappers =
    [
        "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter",
        "torch._utils._rebuild_device_tensor_from_cpu_tensor",
    ];

    private static readonly HashSet<string> s_constructors =
    [
        OrderedDict, DefaultDict, Counter, RebuildTensor, RebuildTensor2, RebuildFromType, .. s_wrappers,
        "torch.Size", "_codecs.encode", "builtins.set", "__builtin__.set", ScriptList, ScriptTag,
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

    private static readonly Dictionary<string, ScalarType> s_types = new()
    {
        ["torch.float64"] = ScalarType.Float64, ["torch.float32"] = ScalarType.Float32, ["torch.float16"] = ScalarType.Float16,
        ["torch.bfloat16"] = ScalarType.BFloat16, ["torch.int64"] = ScalarType.Int64, ["torch.int32"] = ScalarType.Int32,
        ["torch.int16"] = ScalarType.Int16, ["torch.int8"] = ScalarType.Int8, ["torch.uint8"] = ScalarType.Byte,
        ["torch.bool"] = ScalarType.Bool,
    };

    // The storages of bytes with the elements that lie in them.
    private readonly Dictionary<StoredStorage, StoredStorage> _typed = [];

    /// <summary>Returns the type of a storage by its name in a pickle; null if the name is not a storage type that is read.</summary>
    internal static ScalarType? StorageType(string name) => name == UntypedStorage ? ScalarType.Byte
        : s_storageModules.FirstOrDefault(module => name.StartsWith(module, StringComparison.Ordinal)) is { } module
        && s_storages.TryGetValue(name[module.Length..], out var type) ? type : null;

    /// <summary>Returns the name of a type's storages in a pickle.</summary>
    internal static string StorageName(ScalarType type) => s_storages.First(entry => entry.Value == type).Key;

    /// <summary>Returns whether tensors or their containers need this name.</summary>
    internal static bool IsKnown(string name) => s_constructors.Contains(name) || StorageType(name) is not null;

    /// <summary>Returns what a call gives. Only the known names are followed; nothing is ever run.</summary>
    /// <param name="callee">The name, or a placeholder.</param>
    /// <param name="arguments">The arguments of the call.</param>
    internal object? Call(object? callee, object?[] arguments) => callee switch
    {
        PickledGlobal global => Call(global.Name, arguments),
        PickledObject placeholder => new PickledObject(placeholder.Name),
        _ => throw unpickler.Broken("a call of something that is no constructor"),
    };

    private object? Call(string name, object?[] arguments) => (name, arguments) switch
    {
        (OrderedDict or Counter, []) or (DefaultDict, [] or [_]) => new PickledDictionary(),
        (OrderedDict, [List<object?> pairs]) => unpickler.Fill([], [.. pairs.SelectMany(Pair)]),
        (OrderedDict or Counter, [PickledDictionary entries]) => entries,
        (RebuildTensor or RebuildTensor2, _) => UnknownPart(arguments) is { } cause
            ? new UnreadableTensor(cause)
            : Tensor(name, arguments, needed: name == RebuildTensor ? 4 : 6),
        (RebuildTensor3, [PickledStorage bytes, _, object?[], object?[], _, _, PickledGlobal type, ..]) => Typed(bytes, type, arguments),
        (RebuildFromType, [PickledGlobal function, _, object?[] inner, ..]) when function.IsKnown && function.Name != RebuildFromType
            || function.Name.StartsWith(RebuildFunctions, StringComparison.Ordinal) => Call(function.Name, inner),
        (RebuildFromType, [{ } function, ..]) when Unknown(function) is { } unknown => new UnreadableTensor(unknown),
        _ when s_wrappers.Contains(name) => Wrapped(name, arguments),
        (RebuildFromType, _) => throw Refused(name),
        ("torch.Size", [object?[] or List<object?>]) => arguments[0] is List<object?> list ? Copy(list) : arguments[0],
        ("_codecs.encode", [string text, ..]) => text,
        ("builtins.set" or "__builtin__.set" or ScriptList, [List<object?>]) => arguments[0],
        (ScriptTag, [List<object?> or PickledDictionary, string]) => arguments[0],
        _ when name.StartsWith(RebuildFunctions, StringComparison.Ordinal) => new UnreadableTensor(name),
        _ => new PickledObject(name),
    };

    private object Wrapped(string name, object?[] arguments) => arguments switch
    {
        [StoredTensor or UnreadableTensor, ..] => arguments[0]!,
        [{ } first, ..] when Unknown(first) is { } cause => new UnreadableTensor(cause),
        _ => throw Refused(name),
    };

    private StoredTensor Tensor(string name, object?[] arguments, int needed)
    {
        if (arguments.Length < needed
            || arguments is not [PickledStorage elements, long offset, object?[] shape, object?[] strides, ..])
            throw Refused(name);
        var tensor = new StoredTensor(elements.Storage, offset, [.. shape.Select(Number)], [.. strides.Select(Number)]);
        if (tensor.Problem(elements.Count) is { } problem) throw unpickler.Broken($"a tensor with {problem}");
        return tensor with { Offset = elements.Offset + offset };
    }

    // A tensor in a storage of bytes; its offset counts its own elements.
    private object Typed(PickledStorage bytes, PickledGlobal type, object?[] arguments)
    {
        if (bytes.Storage.Type != ScalarType.Byte || bytes.Offset != 0) throw Refused(RebuildTensor3);
        if (!s_types.TryGetValue(type.Name, out var own)) return new UnreadableTensor(type.Name);
        if (!_typed.TryGetValue(bytes.Storage, out var storage))
        {
            storage = new StoredStorage(own, bytes.Storage.Count / own.ElementSize()) { Source = bytes.Storage };
            _typed.Add(bytes.Storage, storage);
        }
        // Reading the same bytes for each type would take a multiple of the file's memory.
        if (storage.Type != own) throw unpickler.Broken("tensors of two types in one storage of bytes");
        object?[] typed = [new PickledStorage(storage, 0, storage.Count), .. arguments[1..6]];
        return UnknownPart(typed) is { } cause ? new UnreadableTensor(cause) : Tensor(RebuildTensor3, typed, needed: 6);
    }

    // The unknown name that storage, offset, shape or strides come from; null if they can be read.
    private string? UnknownPart(object?[] arguments)
    {
        foreach (object? argument in arguments.Take(4))
        {
            var sizes = argument as object?[] ?? [];
            if (sizes.Length > StoredTensor.MaximumDimensions) throw unpickler.Broken($"a tensor of {sizes.Length} dimensions");
            unpickler.Spend(sizes.Length);
            if (sizes.Prepend(argument).Select(Unknown).FirstOrDefault(cause => cause is not null) is { } cause) return cause;
        }
        return null;
    }

    // The unknown name that a value comes from.
    private static string? Unknown(object? value) => value switch
    {
        PickledObject placeholder => placeholder.Name,
        UnreadableTensor tensor => tensor.Cause,
        PickledGlobal { IsKnown: false } global => global.Name,
        _ => null,
    };

    private object?[] Pair(object? pair) => pair switch
    {
        object?[] { Length: 2 } tuple => tuple,
        List<object?> { Count: 2 } list => [list[0], list[1]],
        _ => throw unpickler.Broken("an OrderedDict of something else than pairs"),
    };

    private object?[] Copy(List<object?> list)
    {
        unpickler.Spend(list.Count);
        return [.. list];
    }

    private long Number(object? value) => value is long number ? number : throw unpickler.Broken("a size that is no number");

    private WeightsFileException Refused(string name) =>
        unpickler.Broken($"a call of {name} with arguments that it does not take");
}
