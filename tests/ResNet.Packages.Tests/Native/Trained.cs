using System.Globalization;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using static TorchSharp.torch;

// Makes a network whose classes are pictures, saves it for inference, and classifies the pictures with TorchSharp:
//
//   trained FOLDER FILE      a line "picture class probability" for each
//
// The classifier's weights for a class are the features of its picture, so each picture is of its own class, and scores differ clearly.
const int ResizeTo = 128, Side = 112;
const float Sharpness = 20;
float[] mean = [0.485f, 0.456f, 0.406f], deviation = [0.229f, 0.224f, 0.225f];
string[] paths = [.. Directory.GetFiles(args[0]).Order(StringComparer.Ordinal)];
string[] classes = [.. paths.Select(path => Path.GetFileName(path)!)];
using var network = ResNets.Create("resnet18", classes: classes.Length, seed: 1);
network.eval();
using var _ = no_grad();
var transforms = new Compose(new Resize(ResizeTo) { Interpolation = ImageInterpolation.Bilinear }, new CenterCrop(Side));
var pixels = new byte[paths.Length * Side * Side * 3];
for (int i = 0; i < paths.Length; i++)
{
    using var image = ImageDecoder.Open(paths[i], channels: 3);
    transforms.Apply(image, pixels.AsSpan(i * Side * Side * 3, Side * Side * 3));
}
var input = tensor(pixels, [paths.Length, Side, Side, 3]).permute(0, 3, 1, 2).to(ScalarType.Float32) / 255;
input = (input - tensor(mean).view(1, 3, 1, 1)) / tensor(deviation).view(1, 3, 1, 1);
var features = network.ForwardFeatures(input).Pooled;
var middle = features.mean([0], keepdim: true);
var own = features - middle;
var lengths = own.norm(dim: 1, keepdim: true);
var weights = own / lengths * (Sharpness / lengths.mean());
network.get_parameter("fc.weight")!.copy_(weights);
network.get_parameter("fc.bias")!.copy_(-weights.matmul(middle.t()).squeeze(1));
network.SaveForInference(args[1], new InferenceExportOptions
{
    Classes = classes,
    Preprocessing = new Preprocessing(ResizeTo, Side, ImageInterpolation.Bilinear, mean, deviation),
});
var (probabilities, indices) = network.call(input).softmax(1).max(1);
for (int i = 0; i < paths.Length; i++)
{
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{classes[i]} {classes[indices[i].item<long>()]} {probabilities[i].item<float>():F5}"));
}
