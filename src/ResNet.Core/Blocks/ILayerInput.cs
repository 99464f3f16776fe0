using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A value that flows through the layers of a network: a tensor (<see cref="TensorValue"/>), or an implementation that records the
/// layers, for example as an ONNX file. Blocks and network state their data flow once, for any of these.
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

    /// <summary>ReLU and then max-pooling, or in the other order, which gives the same; null pools nothing.</summary>
    T ReluAndPool(MaxPool2d? pool);

    /// <summary>From <c>[N, C, 1, 1]</c> to <c>[N, C]</c>.</summary>
    T Flatten();

    T Add(T other);

    /// <summary>Sets elements to zero at random and scales the others (dropout), in training only.</summary>
    /// <param name="rate">Probability of an element to be dropped; 0 leaves the value as it is.</param>
    T Dropout(double rate);

    /// <summary>Sets whole images to zero at random and scales the others (stochastic depth), in training only.</summary>
    /// <param name="rate">Probability of an image to be dropped; 0 leaves the value as it is.</param>
    T DropImages(double rate);

    /// <summary>The same value for several uses: no operation changes it or frees its memory.</summary>
    T Keep();
}
