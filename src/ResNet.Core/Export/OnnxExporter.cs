using ResNet.Core.Blocks;
using ResNet.Imaging;
using static ResNet.Core.Export.TensorProto.Types;
using static TorchSharp.torch;

namespace ResNet.Core.Export;

/// <summary>
/// Writes networks as ONNX files (opset 17) for ONNX Runtime and other readers. The graph is for inference: batch norms are folded
/// into convolutions, as in <see cref="ResNetModel.FuseForInference"/>, and layers that are for training only are left out. The weights
/// are in single precision for networks of any type.
/// </summary>
public static class OnnxExporter
{
    private const string Batch = "N";

    /// <summary>Writes a file, or replaces one.</summary>
    /// <param name="network">The network, on any device; it stays as it is.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">The content besides the network; null for nothing.</param>
    /// <exception cref="IOException">The file cannot be written; an existing file stays.</exception>
    /// <inheritdoc cref="Export(ResNetModel, Stream, OnnxExportOptions?)"/>
    public static void Export(ResNetModel network, string path, OnnxExportOptions? options = null)
    {
        Check(network, options ??= new());
        AtomicFile.Write(path, stream => Write(network, stream, options));
    }

    /// <summary>Writes to a stream.</summary>
    /// <remarks>
    /// The input is <c>images</c>, single precision <c>[N, C, H, W]</c>, or <c>pixels</c> (<see cref="OnnxExportOptions.TakesPixels"/>),
    /// of any N, H and W. The output is <c>logits</c> or <c>probabilities</c> (<see cref="OnnxExportOptions.GivesProbabilities"/>),
    /// <c>[N, classes]</c>.
    /// </remarks>
    /// <param name="network">The network, on any device; it stays as it is.</param>
    /// <param name="stream">The stream to write to, from its current position; it stays open.</param>
    /// <param name="options">The content besides the network; null for nothing.</param>
    /// <exception cref="InvalidOptionException">
    /// The options do not fit the network, or it is larger than the 2 GiB of an ONNX file.
    /// </exception>
    /// <exception cref="ArgumentException">The network has a custom norm.</exception>
    public static void Export(ResNetModel network, Stream stream, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(network, options ??= new());
        Write(network, stream, options);
    }

    private static void Check(ResNetModel network, OnnxExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (options.Classes is { Count: var names })
            Refuse("Classes.Count", names, names == network.Options.Classes, $"{network.Options.Classes}, as the network has classes");
        Refuse(
            nameof(options.TakesPixels), true, !options.TakesPixels || options.Preprocessing is not null,
            $"false where {nameof(options.Preprocessing)} does not say what to do to them");
        if (options.Preprocessing is not { } preprocessing) return;
        int channels = network.Options.InputChannels;
        Refuse(
            "Preprocessing.Mean.Count", preprocessing.Mean.Count, preprocessing.Mean.Count == channels,
            $"{channels}, as the network has channels");
        Refuse(
            "Preprocessing.Deviation.Count", preprocessing.Deviation.Count, preprocessing.Deviation.Count == channels,
            $"{channels}, as the network has channels");
        if (!options.TakesPixels) return;
        Refuse(
            "Preprocessing.CropSize", preprocessing.CropSize, preprocessing.CropSize <= preprocessing.ResizeTo,
            $"at most {preprocessing.ResizeTo}, what images are resized to, where {nameof(options.TakesPixels)} is true");
        Refuse(
            "Preprocessing.Interpolation", preprocessing.Interpolation,
            preprocessing.Interpolation is ImageInterpolation.Bilinear or ImageInterpolation.Bicubic,
            $"Bilinear or Bicubic where {nameof(options.TakesPixels)} is true");

        void Refuse(string property, object value, bool fits, string accepted) => Require.That(options, value, fits, accepted, property);
    }

    private static void Write(ResNetModel network, Stream stream, OnnxExportOptions options)
    {
        using var ordinary = new OrdinaryMode();
        using var scope = NewDisposeScope();
        bool folds = network.Options.Norm == Norm.Batch || network.Options.Norm == Norm.FrozenBatch;
        using var fused = folds ? network.FuseForInference() : null;
        var exported = fused ?? network;
        var graph = new OnnxGraph(exported);
        int channels = network.Options.InputChannels;
        var scores = exported.Apply(
            options.TakesPixels
                ? OnnxPreprocessing.Apply(graph.Input("pixels", DataType.Uint8, Batch, "H", "W", channels), options.Preprocessing!)
                : graph.Input("images", DataType.Float, Batch, channels, "H", "W"));
        if (options.GivesProbabilities) scores.Softmax();
        graph.Output(options.GivesProbabilities ? "probabilities" : "logits", Batch, network.Options.Classes);
        graph.Write(stream, ExportMetadata.Of(options.Classes, options.Preprocessing));
    }
}
