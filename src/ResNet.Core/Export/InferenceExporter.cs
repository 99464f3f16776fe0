using System.Text.Json;
using ResNet.Core.Blocks;
using ResNet.Inference.Files;
using static TorchSharp.torch;

namespace ResNet.Core.Export;

/// <summary>Writes networks as files for <c>ResNet.Inference</c>: folded weights and the plan of the layers.</summary>
internal static class InferenceExporter
{
    internal static void Export(ResNetModel network, string path, InferenceExportOptions options)
    {
        if (options.Classes is { Count: var names })
        {
            Require.That(
                options, names, names == network.Options.Classes, $"{network.Options.Classes}, as the network has classes", "Classes.Count");
        }
        using var ordinary = new OrdinaryMode();
        using var scope = NewDisposeScope();
        bool folds = network.Options.Norm == Norm.Batch || network.Options.Norm == Norm.FrozenBatch;
        using var folded = folds ? network.FuseForInference() : null;
        var exported = folded ?? network;
        var writer = new PlanWriter(exported);
        exported.Apply(new PlanValue(writer, 0));
        writer.Write(path, network.Options.InputChannels, Metadata(options));
    }

    private static IEnumerable<(string Key, string Text)> Metadata(InferenceExportOptions options)
    {
        if (options.Classes is { } classes) yield return (InferenceFile.ClassesKey, JsonSerializer.Serialize(classes));
        if (options.License is { } license) yield return (InferenceFile.LicenseKey, license);
        if (options.Preprocessing is not { } preprocessing) yield break;
        yield return (InferenceFile.PreprocessingKey, JsonSerializer.Serialize(new
        {
            resize = preprocessing.ResizeTo,
            crop = preprocessing.CropSize,
            interpolation = preprocessing.Interpolation.ToString().ToLowerInvariant(),
            mean = preprocessing.Mean,
            deviation = preprocessing.Deviation,
        }));
    }
}
