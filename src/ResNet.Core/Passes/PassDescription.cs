using ResNet.Core.Inspection;
using ResNet.Core.Passes.Convolutions;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Steps;
using ResNet.Inference.Execution;

namespace ResNet.Core.Passes;

/// <summary>Describes the layers of a pass.</summary>
internal static class PassDescription
{
    internal static List<TrainedLayer> Of(PassPlan plan, in PassSize size, int largestTile)
    {
        var (images, channels, height, width) = size;
        PassMap[] maps = [.. plan.Shapes(channels, height, width).Select(shape => new PassMap(shape, images))];
        return [.. plan.Steps.Select((step, i) => Of(step, plan.NameOf(i), maps[step.Input], maps[i + 1], i == 0, largestTile))];
    }

    private static TrainedLayer Of(PassStep step, string name, PassMap input, PassMap output, bool readsImages, int largestTile)
    {
        long[] shape = [output.Images, output.Shape.Channels, output.Shape.Height, output.Shape.Width];
        switch (step)
        {
            case ConvolutionStep { Module: var module }:
                var geometry = TrainingPass.GeometryOf(module, input, output, readsImages);
                int groups = (int)module.groups;
                bool hasWinograd = ConvolutionLayer.HasWinogradWeightGradient(geometry, groups, largestTile);
                return new TrainedLayer(
                    name, "convolution", shape,
                    Name(ConvolutionLayer.AlgorithmOf(geometry, groups, readsImages, largestTile)),
                    readsImages ? null : Name(InputGradient.AlgorithmOf(geometry, groups, largestTile)),
                    Name(hasWinograd ? Algorithm.Winograd4 : Algorithm.Direct));
            case NormStep norm:
                return new TrainedLayer(name, "norm", shape, (norm.Add, norm.Relu) switch
                {
                    (null, false) => "alone",
                    (null, true) => "with ReLU",
                    (_, false) => "with sum",
                    _ => "with sum and ReLU",
                });
            default:
                return new TrainedLayer(
                    name, step is AddStep ? "sum" : step is ZeroPaddingStep ? "shortcut" : "pooling", shape, "direct");
        }
    }

    private static string Name(Algorithm algorithm) => algorithm switch
    {
        Algorithm.Winograd4 => "Winograd F(4×4)",
        Algorithm.Winograd2 => "Winograd F(2×2)",
        _ => "direct",
    };
}
