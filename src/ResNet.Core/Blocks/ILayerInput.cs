using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A value that passes through the layers of a network: a tensor (<see cref="TensorValue"/>), or an implementation that records the
/// layers, for example as an ONNX file. Blocks and network define their data flow once, for all of these types.
/// </summary>
/// <remarks>Each operation may use up the value, unless it was kept (<see cref="Keep"/>).</remarks>
/// <typeparam name="T">The type itself.</typeparam>
internal interface ILayerInput<T>
    where T : struct, ILayerInput<T>
{
    /// <summary>Applies a layer; null leaves the value as it is.</summary>
    /// <exception cref="ArgumentException">The type does not know the layer.</exception>
    T Then(Module? layer);

    T Relu();

    /// <summary>Applies ReLU and then max-pooling, or the reverse order, which gives the same result; null applies no pooling.</summary>
    T ReluAndPool(MaxPool2d? pool);

    /// <summary>Reshapes <c>[N, C, 1, 1]</c> to <c>[N, C]</c>.</summary>
    T Flatten();

    T Add(T other);

    /// <summary>Sets elements to zero at random and scales the others (dropout), in training only.</summary>
    /// <param name="rate">The probability of dropping an element; 0 leaves the value as it is.</param>
    T Dropout(double rate);

    /// <summary>Sets whole images to zero at random and scales the others (stochastic depth), in training only.</summary>
    /// <param name="rate">The probability of dropping an image; 0 leaves the value as it is.</param>
    T DropImages(double rate);

    /// <summary>Returns the same value for several uses: no operation changes it or frees its memory.</summary>
    T Keep();
}
