using ResNet.Core.Blocks;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Inference.Files;
using static TorchSharp.torch;

namespace ResNet.Core.Export;

/// <summary>Writes networks as files for <c>ResNet.Inference</c>: folded weights and the plan of the layers.</summary>
internal static class InferenceExporter
{
    /// <param name="network">The network.</param>
    /// <param name="options">The content besides the network.</param>
    /// <param name="save">Gets what writes the file, after the network and the options were checked.</param>
    internal static void Export(ResNetModel network, InferenceExportOptions options, Action<Action<Stream>> save)
    {
        if (options.Classes is { Count: var names })
        {
            Require.That(
                options, names, names == network.Options.Classes, $"{network.Options.Classes}, as the network has classes",
                "Classes.Count");
        }
        if (options.Preprocessing is { } preprocessing) Check(preprocessing, options, network.Options.InputChannels);
        using var ordinary = new OrdinaryMode();
        using var scope = NewDisposeScope();
        bool folds = network.Options.Norm == Norm.Batch || network.Options.Norm == Norm.FrozenBatch;
        using var folded = folds ? network.FuseForInference() : null;
        var exported = folded ?? network;
        var writer = new PlanWriter(exported);
        exported.Apply(new PlanValue(writer, 0), value => value.EndStage());
        save(writer.Finish(network.Options.InputChannels, Metadata(options)));
    }

    private static void Check(Preprocessing preprocessing, InferenceExportOptions options, int channels)
    {
        const int Longest = StoredPreprocessing.LongestSide;
        Refuse("ResizeTo", preprocessing.ResizeTo, preprocessing.ResizeTo is >= 1 and <= Longest, $"between 1 and {Longest}");
        Refuse("CropSize", preprocessing.CropSize, preprocessing.CropSize is >= 1 and <= Longest, $"between 1 and {Longest}");
        Refuse(
            "Interpolation", preprocessing.Interpolation,
            preprocessing.Interpolation is ImageInterpolation.Bilinear or ImageInterpolation.Bicubic, "Bilinear or Bicubic");
        Refuse(
            "Mean", preprocessing.Mean, preprocessing.Mean.Count == channels && preprocessing.Mean.All(float.IsFinite),
            $"{channels} finite numbers, one for each channel of the network");
        Refuse(
            "Deviation", preprocessing.Deviation,
            preprocessing.Deviation.Count == channels && preprocessing.Deviation.All(value => float.IsNormal(value) && value > 0),
            $"{channels} numbers more than 0, one for each channel of the network");

        void Refuse(string property, object value, bool fits, string accepted) =>
            Require.That(options, value, fits, accepted, $"Preprocessing.{property}");
    }

    private static IEnumerable<KeyValuePair<string, string>> Metadata(InferenceExportOptions options)
    {
        foreach (var (key, text) in ExportMetadata.Of(options.Classes, options.Preprocessing)) yield return new(key, text);
        if (options.License is { } license) yield return new(InferenceFile.LicenseKey, license);
    }
}
