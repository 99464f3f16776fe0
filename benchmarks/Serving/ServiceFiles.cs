using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace Benchmarks.Serving;

/// <summary>A network in the files of both services, and the photographs that clients send.</summary>
/// <param name="Inference">The file of ResNet.AspNetCore.</param>
/// <param name="Onnx">The file of ONNX Runtime.</param>
/// <param name="Photographs">The folder of the photographs.</param>
internal sealed record ServiceFiles(string Inference, string Onnx, string Photographs)
{
    private const long Seed = 1;
    private const int Classes = 1000;
    private const int MostPhotographs = 100;
    private const int Batch = 10;
    private const string AnyPort = "0";

    // By how much a photograph's class is before the class of the most similar photograph, in logits.
    private const double Lead = 4;

    // The logit of the classes without a photograph.
    private const double NoPhotograph = -1000;

    /// <summary>The photographs by name: the first one is of class 0, the next one of class 1.</summary>
    public IEnumerable<string> Pictures => Directory.EnumerateFiles(Photographs).Order(StringComparer.Ordinal);

    public ServiceProcess StartOurs() => ServiceProcess.Start("measure", "serve-ours", Inference, AnyPort);

    public ServiceProcess StartSingle() => ServiceProcess.Start("measure", "serve-ours", Inference, AnyPort, "single");

    public ServiceProcess StartOnnx() => ServiceProcess.Start("measure", "serve-onnx", Onnx, AnyPort);

    /// <param name="network">The network.</param>
    /// <param name="photographs">A folder of folders of photographs.</param>
    /// <param name="folder">The folder to write to.</param>
    public static ServiceFiles Make(string network, string photographs, string folder)
    {
        var files = new ServiceFiles(
            Path.Combine(folder, $"{network}.inference.safetensors"), Path.Combine(folder, $"{network}.onnx"),
            Path.Combine(folder, "photographs"));
        if (!Directory.Exists(files.Photographs)) CopySome(photographs, files.Photographs);
        manual_seed(Seed);
        using var scope = NewDisposeScope();
        using var model = ResNets.Create(network, Classes);
        TellApart(model, files.Pictures);
        var preprocessing =
            new Preprocessing(256, 224, ImageInterpolation.Bilinear, [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);
        OnnxExporter.Export(model, files.Onnx);
        model.SaveForInference(files.Inference, new InferenceExportOptions
        {
            Classes = [.. Enumerable.Range(0, Classes).Select(i => $"{i}")], Preprocessing = preprocessing,
        });
        return files;
    }

    // From all parts of the folder.
    private static void CopySome(string source, string target)
    {
        Directory.CreateDirectory(target);
        string[] paths = [.. new ImageFolder(source).Samples.Select(sample => sample.Path).Where(IsJpeg)];
        int count = Math.Min(paths.Length, MostPhotographs);
        if (count < 2) throw new ArgumentException($"There are no JPEG files in {source}, or only one.");
        for (int i = 0; i < count; i++) File.Copy(paths[(int)((long)i * paths.Length / count)], Path.Combine(target, $"{i:0000}.jpg"));

        static bool IsJpeg(string path) => Path.GetExtension(path).ToLowerInvariant() is ".jpg" or ".jpeg";
    }

    // With random weights all photographs would be of one class, and a service that mistakes them would not be noticed. So each of them
    // is its own class: the logit of class k falls with the distance of the features from those of photograph k.
    private static void TellApart(ResNetModel model, IEnumerable<string> photographs)
    {
        var samples = photographs.Select(path => new ImageSample(path, 0)).ToList();
        var loader = new ImageLoader(samples, Presets.Evaluation(), new ImageLoaderOptions { BatchSize = Batch });
        model.eval();
        using var gradients = no_grad();
        var features = cat([.. loader.Epoch(0).Select(images => model.ForwardFeatures(images.ToInput(CPU)).Pooled)]);
        // Of large numbers, the logits would be less exact.
        var mean = features.mean([0]);
        var centred = features - mean;
        var others = cdist(centred, centred).square() + diag(full(samples.Count, float.PositiveInfinity));
        var own = centred * (2 * Lead / others.amin([1]).median().item<float>());

        var state = model.state_dict();
        var (weight, bias) = (state["fc.weight"], state["fc.bias"]);
        weight.zero_();
        weight[..samples.Count] = own;
        bias.fill_(NoPhotograph);
        bias[..samples.Count] = -(own * centred).sum(1) / 2 - matmul(own, mean);
    }
}
