// Trains ResNet-18 on photographs of ten classes, evaluates it, and classifies one photograph:
//
//   imagenette           downloads Imagenette (94 MB) once
//   imagenette FOLDER    uses a folder with train/ and val/, each with a folder of images for every class
//
// The weights go to imagenette.safetensors in the current folder.

using ResNet.Core;
using ResNet.Imaging;
using ResNet.Training;
using ResNet.Training.Classification;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Recipes;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

const int Seed = 1;
const string Weights = "imagenette.safetensors";

if (args.Length > 1 || args is [['-', ..]])
{
    Console.Error.WriteLine("usage: imagenette [FOLDER], where FOLDER has train/ and val/, each with a folder of images for every class");
    return 1;
}

// Keeps the memory that a step frees for the next step: training is faster on Linux.
NativeHeap.KeepFreedMemory();

try
{
    // 1. The images, and the names of their classes.
    var imagenette = KnownDataset.Find("imagenette2-160");
    if (args is []) Console.WriteLine("Downloading Imagenette (94 MB), unless it was downloaded before");
    string folder = args is [var given] ? given : await imagenette.PrepareAsync();
    var (train, val) = DatasetSplits.Open(folder);
    string[] names = [.. train.Classes.Select(Name)];

    // 2. The recipe: augmentation, batch size, optimizer and schedule of five epochs.
    var recipe = TrainingRecipes.Find("imagenette-5");
    var loading = new ImageLoaderOptions { BatchSize = recipe.BatchSize, Seed = Seed };
    var training = new ImageLoader(train.Samples, recipe.TrainingTransforms(), loading with { Shuffle = true });
    var evaluation = new ImageLoader(val.Samples, recipe.EvaluationTransforms(), loading);

    // 3. The network, with new weights.
    manual_seed(Seed);
    var device = cuda.is_available() ? CUDA : CPU;
    using var network = ResNets.Create("resnet18", classes: names.Length, device: device);

    // 4. Training.
    int epochs = recipe.Training.Epochs;
    Console.WriteLine($"Training ResNet-18 on {train.Count:N0} images of {names.Length} classes, {epochs} epochs on {device}");
    var trainer = new Trainer(training, evaluation, recipe.Training);
    trainer.EpochCompleted += epoch =>
        Console.WriteLine($"epoch {epoch.Epoch}: training loss {epoch.TrainLoss:0.000}, top-1 {epoch.Top1:0.0} %");
    trainer.Train(network);
    network.SaveWeights(Weights);

    // 5. The accuracy of each class.
    var result = new Evaluator(evaluation).Evaluate(network);
    Console.WriteLine($"\n{"class",-20} images  precision  recall");
    foreach (var row in result.PerClass)
        Console.WriteLine($"{names[row.Class],-20} {row.Support,6} {row.Precision,10:P1} {row.Recall,7:P1}");
    Console.WriteLine($"top-1 {result.Top1:0.0} % on {result.Images:N0} images\n");

    // 6. The prediction for one photograph.
    var photograph = val.Samples[0];
    Console.WriteLine($"{photograph.Path} is of the class {names[photograph.Label]}, and the network says:");
    var classifier = new Classifier(network, names, recipe.EvaluationTransforms());
    foreach (var (name, probability) in classifier.Classify(photograph.Path, count: Math.Min(3, names.Length)))
        Console.WriteLine($"{probability,6:P1} {name}");

    Console.WriteLine($"\nThe weights are in {Path.GetFullPath(Weights)}");
    return 0;

    // Imagenette's folder names are WordNet numbers: n01440764 is a tench.
    string Name(string folder) => imagenette.Classes.FirstOrDefault(known => known.Folder == folder).Name ?? folder;
}
catch (Exception e) when (e is DatasetException or ImageDecodingException or IOException or UnauthorizedAccessException)
{
    // Errors that a user can fix. Any other exception is a defect and shows its stack trace.
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
