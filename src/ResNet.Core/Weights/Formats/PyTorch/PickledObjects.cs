using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>A Python name in a pickle.</summary>
/// <param name="Name">The name with its module: <c>collections.OrderedDict</c>.</param>
/// <param name="IsKnown">Whether it is one of the names that tensors and their containers need.</param>
internal sealed record PickledGlobal(string Name, bool IsKnown);

/// <summary>A pickled dictionary: pairs in their order.</summary>
internal sealed class PickledDictionary : List<KeyValuePair<object?, object?>>;

/// <summary>
/// A placeholder for an object of an unknown class, or for the result of an unknown call: nothing is called, and the object has only
/// what the pickle stores in it.
/// </summary>
/// <param name="name">The name of the class or function: <c>pathlib.PosixPath</c>.</param>
internal sealed class PickledObject(string name)
{
    internal string Name { get; } = name;

    /// <summary>The elements, if the object is a kind of list; otherwise null.</summary>
    internal List<object?>? Items { get; set; }

    /// <summary>The entries, if the object is a kind of dictionary; otherwise null.</summary>
    internal PickledDictionary? Entries { get; set; }

    /// <summary>The attributes, usually a dictionary; null if there are none.</summary>
    internal object? State { get; set; }
}

/// <summary>A storage, or a part of one.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">The part's first element.</param>
/// <param name="Count">The number of elements of the part.</param>
internal sealed record PickledStorage(StoredStorage Storage, long Offset, long Count);

/// <summary>A tensor that cannot be read.</summary>
/// <param name="Cause">The unknown name that it depends on: <c>torch._utils._rebuild_sparse_tensor</c>.</param>
internal sealed record UnreadableTensor(string Cause);

/// <summary>The tensors of a pickle.</summary>
/// <param name="Tensors">The tensors that can be read, by name.</param>
/// <param name="Unreadable">The others, by name, with the unknown Python name that each of them depends on.</param>
internal sealed record PickledTensors(Dictionary<string, StoredTensor> Tensors, Dictionary<string, string> Unreadable);
