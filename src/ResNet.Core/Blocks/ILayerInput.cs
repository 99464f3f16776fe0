using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// What layers can be applied to in place of a tensor, to write down what a network computes in evaluation mode: as an ONNX file.
/// </summary>
/// <typeparam name="T">The type itself.</typeparam>
internal interface ILayerInput<T>
    where T : struct, ILayerInput<T>
{
    static abstract T operator +(T left, T right);

    /// <summary>Applies a layer; none leaves the value as it is.</summary>
    T Then(Module? layer);

    T Relu();

    /// <summary>From <c>[N, C, 1, 1]</c> to <c>[N, C]</c>.</summary>
    T Flatten();
}
