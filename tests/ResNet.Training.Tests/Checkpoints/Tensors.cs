using static TorchSharp.torch;

namespace ResNet.Training.Tests.Checkpoints;

/// <summary>The content of a checkpoint, with a tensor of each kind.</summary>
internal static class Tensors
{
    public static Dictionary<string, Tensor> OfEveryKind()
    {
        using var generator = new Generator(4);
        var image = randn([2, 3, 4, 5], generator: generator);
        return new Dictionary<string, Tensor>
        {
            ["float32"] = randn([7, 3], generator: generator),
            ["float64"] = randn([5], ScalarType.Float64, generator: generator),
            ["float16"] = randn([3], generator: generator).to(ScalarType.Float16),
            ["bfloat16"] = randn([9], generator: generator).to(ScalarType.BFloat16),
            ["int64 scalar"] = tensor(-(1L << 53) - 1),
            ["float scalar"] = tensor(0.1f),
            ["int32"] = arange(6, ScalarType.Int32).view(2, 3),
            ["uint8"] = arange(256).to(ScalarType.Byte),
            ["bool"] = arange(7).gt(3),
            ["empty"] = zeros(0),
            ["empty in one dimension"] = zeros([3, 0, 2]),
            ["channels last"] = image.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
            ["transposed"] = image.transpose(0, 3),
            ["every second"] = arange(20, ScalarType.Float32).slice(0, 1, 20, 2),
            ["repeated"] = tensor(2.5f).expand(4, 2),
            ["special"] = tensor(
                new[]
                {
                    float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon,
                    BitConverter.Int32BitsToSingle(0x7FC12345),
                }),
            ["parameter"] = randn([4], generator: generator).requires_grad_(),
        };
    }

    public static byte[] Bits(this Tensor tensor) => tensor.detach().contiguous().view(-1).bytes.ToArray();

    public static void ShouldEqual(this IReadOnlyDictionary<string, Tensor> actual, IReadOnlyDictionary<string, Tensor> expected)
    {
        actual.Keys.Should().Equal(expected.Keys);
        foreach (var (name, tensor) in expected)
        {
            actual[name].dtype.Should().Be(tensor.dtype, name);
            actual[name].shape.Should().Equal(tensor.shape, name);
            actual[name].is_contiguous().Should().BeTrue(name);
            actual[name].Bits().Should().Equal(tensor.Bits(), name);
        }
    }
}
