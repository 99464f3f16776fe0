using ResNet.Core.Blocks;

namespace ResNet.Core;

// What the network computes in evaluation mode, applied to something else than a tensor.
public sealed partial class ResNetModel
{
    /// <summary>What <see cref="forward"/> computes.</summary>
    /// <param name="images"><c>[N, channels, H, W]</c>.</param>
    /// <returns><c>[N, classes]</c>.</returns>
    internal T Describe<T>(T images)
        where T : struct, ILayerInput<T> => DescribeClassifier(DescribePooling(DescribeMap(DescribeStages(images).Last())));

    /// <summary>What <see cref="ForwardStages"/> gives.</summary>
    internal IEnumerable<T> DescribeStages<T>(T images)
        where T : struct, ILayerInput<T>
    {
        var x = images.Then(conv1).Then(bn1).Relu().Then(maxpool);
        yield return x;
        foreach (var stage in _stages)
        {
            foreach (var block in stage.children().Cast<ResidualBlock>()) x = block.Describe(x);
            yield return x;
        }
    }

    /// <summary>The map before pooling, from the last stage's output.</summary>
    internal T DescribeMap<T>(T x)
        where T : struct, ILayerInput<T> => norm is null ? x : x.Then(norm).Relu();

    /// <summary>The average over the map, <c>[N, features]</c>.</summary>
    internal T DescribePooling<T>(T map)
        where T : struct, ILayerInput<T> => map.Then(avgpool).Flatten();

    /// <summary>The class scores from that.</summary>
    internal T DescribeClassifier<T>(T pooled)
        where T : struct, ILayerInput<T> => pooled.Then(fc);
}
