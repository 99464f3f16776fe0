using System.Buffers.Binary;
using System.Text;
using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>Writes the pickle of a state dict, protocol 2, in a form that <c>torch.load(…, weights_only=True)</c> accepts.</summary>
internal sealed class StateDictPickle : IDisposable
{
    private readonly MemoryStream _pickle = new();

    private StateDictPickle()
    {
    }

    /// <summary>Writes an OrderedDict of contiguous tensors. Their storages have the keys 0, 1, … in the tensors' order.</summary>
    internal static byte[] Of(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var writer = new StateDictPickle();
        writer.Bytes([0x80, 2]);
        writer.EmptyOrderedDict();
        writer.Code('(');
        int key = 0;
        foreach (var (name, tensor) in tensors)
        {
            writer.Text(name);
            writer.Tensor(tensor, key++);
        }
        writer.Code('u');
        writer.Code('.');
        return writer._pickle.ToArray();
    }

    public void Dispose() => _pickle.Dispose();

    // _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)
    private void Tensor(Tensor tensor, int key)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Code('(');
        Code('(');
        Text("storage");
        Global("torch", PickledCalls.StorageName(tensor.dtype));
        Text(key.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Text("cpu");
        Integer(tensor.numel());
        Code('t');
        Code('Q');
        Integer(0);
        Tuple(tensor.shape);
        Tuple(StoredTensor.Contiguous(new StoredStorage(tensor.dtype, tensor.numel()), tensor.shape).Strides);
        Bytes([0x89]);
        EmptyOrderedDict();
        Code('t');
        Code('R');
    }

    private void EmptyOrderedDict()
    {
        Global("collections", "OrderedDict");
        Code(')');
        Code('R');
    }

    private void Global(string module, string name) => Bytes(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

    private void Tuple(long[] values)
    {
        Code('(');
        foreach (long value in values) Integer(value);
        Code('t');
    }

    private void Integer(long value)
    {
        if (value is >= 0 and <= int.MaxValue)
        {
            Code('J');
            Span<byte> four = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(four, (int)value);
            Bytes(four);
            return;
        }
        Span<byte> eight = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(eight, value);
        Bytes([0x8A, sizeof(long)]);
        Bytes(eight);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        Code('X');
        Bytes(length);
        Bytes(bytes);
    }

    private void Code(char code) => _pickle.WriteByte((byte)code);

    private void Bytes(ReadOnlySpan<byte> bytes) => _pickle.Write(bytes);
}
