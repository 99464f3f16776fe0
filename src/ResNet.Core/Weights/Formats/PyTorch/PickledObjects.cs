using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>A Python name that a pickle may use.</summary>
/// <param name="Name">The name with its module: <c>collections.OrderedDict</c>.</param>
internal sealed record PickledGlobal(string Name);

/// <summary>A pickled dictionary: pairs in their order.</summary>
internal sealed class PickledDictionary : List<KeyValuePair<object?, object?>>;

/// <summary>A storage, or a part of one.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">The part's first element.</param>
/// <param name="Count">The number of elements of the part.</param>
internal sealed record PickledStorage(StoredStorage Storage, long Offset, long Count);
