using System.Text.Json;
using ResNet.Core.Blocks;
using ResNet.Imaging;
using static ResNet.Core.Export.TensorProto.Types;
using static TorchSharp.torch;

namespace ResNet.Core.Export;

/// <summary>
/// Writes networks as ONNX files (opset 17), for ONNX Runtime and whatever else reads them. The graph is that of inference: batch norms are folded
/// into convolutions, as in <see cref="ResNetModel.FuseForInference"/>, and what only training has is left out. Weights are in single precision, whatever the network's are.
/// </summary>
public static class OnnxExporter
{
    private const string Batch = "N";

    /// <summary>Writes a file, or replaces one.</summary>
    /// <param name="network">The network, on any device; it stays as it is.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">What it has besides the network; null for nothing.</param>
    /// <exception cref="IOException">The file cannot be written; a former one stays.</exception>
    /// <inheritdoc cref="Export(ResNetModel, Stream, OnnxExportOptions?)"/>
    public static void Export(ResNetModel network, string path, OnnxExportOptions? options = null)
    {
        Check(network, options ??= new());
        AtomicFile.Write(path, stream => Write(network, stream, options));
    }

    /// <summary>Writes to a stream.</summary>
    /// <remarks>
    /// The input is <c>images</c>, single precision <c>[N, C, H, W]</c>, or <c>pixels</c> (<see cref="OnnxExportOptions.TakesPixels"/>), of any N, H and W; the output
    /// <c>logits</c>, or <c>probabilities</c> (<see cref="OnnxExportOptions.GivesProbabilities"/>), <c>[N, classes]</c>.
    /// </remarks>
    /// <param name="network">The network, on any device; it stays as it is.</param>
    /// <param name="stream">Is written from where it is, and stays open.</param>
    /// <param name="options">What the file has besides the network; null for nothing.</param>
    /// <exception cref="ArgumentException">The options do not fit the network, it has a norm of one's own, or it is larger than the 2 GiB of an ONNX file.</exception>
    public static void Export(ResNetModel network, Stream stream, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(network, options ??= new());
        Write(network, stream, options);
    }

    private static void Check(ResNetModel network, OnnxExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (options.Classes is { } classes && classes.Count != network.Options.Classes)
            throw Refused(nameof(options.Classes), $"{classes.Count} names", $"as many as the network has classes, {network.Options.Classes}");
        if (options.Preprocessing is not { } preprocessing)
        {
            if (options.TakesPixels) throw Refused(nameof(options.TakesPixels), true, $"false where {nameof(options.Preprocessing)} does not say what to do to them");
            return;
        }
        if (preprocessing.Mean.Count != network.Options.InputChannels || preprocessing.Deviation.Count != network.Options.InputChannels)
            throw Refused(nameof(options.Preprocessing), $"for {preprocessing.Mean.Count} channels", $"for those of the network, {network.Options.InputChannels}");
        if (!options.TakesPixels) return;
        if (preprocessing.CropSize > preprocessing.ResizeTo)
            throw Refused(nameof(options.Preprocessing), $"a crop of {preprocessing.CropSize} pixels from images resized to {preprocessing.ResizeTo}", $"a crop that is no larger than they are where {nameof(options.TakesPixels)} is true");
        if (preprocessing.Interpolation is not (ImageInterpolation.Bilinear or ImageInterpolation.Bicubic))
            throw Refused(nameof(options.Preprocessing), preprocessing.Interpolation, $"bilinear or bicubic where {nameof(options.TakesPixels)} is true");
    }

    private static ArgumentException Refused(string property, object value, string accepted) => OptionChecks.Refused(nameof(OnnxExportOptions), property, value, accepted);

    private static void Write(ResNetModel network, Stream stream, OnnxExportOptions options)
    {
        using var ordinary = new OrdinaryMode();
        using var scope = NewDisposeScope();
        using var fused = network.Options.Norm == Norm.Batch || network.Options.Norm == Norm.FrozenBatch ? network.FuseForInference() : null;
        var exported = fused ?? network;
        var graph = new OnnxGraph(exported);
        int channels = network.Options.InputChannels;
        var scores = exported.Describe(
            options.TakesPixels
                ? OnnxPreprocessing.Apply(graph.Input("pixels", DataType.Uint8, Batch, "H", "W", channels), options.Preprocessing!)
                : graph.Input("images", DataType.Float, Batch, channels, "H", "W"));
        if (options.GivesProbabilities) scores.Softmax();
        graph.Output(options.GivesProbabilities ? "probabilities" : "logits", Batch, network.Options.Classes);
        graph.Write(stream, Metadata(options));
    }

    private static IEnumerable<(string Key, string Text)> Metadata(OnnxExportOptions options)
    {
        if (options.Classes is { } classes) yield return ("classes", JsonSerializer.Serialize(classes));
        if (options.Preprocessing is not { } preprocessing) yield break;
        yield return ("preprocessing", JsonSerializer.Serialize(new
        {
            resize = preprocessing.ResizeTo,
            crop = preprocessing.CropSize,
            interpolation = preprocessing.Interpolation.ToString().ToLowerInvariant(),
            mean = preprocessing.Mean,
            deviation = preprocessing.Deviation,
        }));
    }
}
