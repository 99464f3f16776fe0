using System.CommandLine;
using System.Globalization;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Training.Data;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Optimization;
using ResNet.Training.Reporting;
using static TorchSharp.torch;

namespace Imagenette;

/// <summary><c>train</c>: trains a network and leaves a run folder.</summary>
internal static class TrainCommand
{
    private static readonly TrainerOptions s_defaults = new();

    internal static Command Create(CancellationToken cancellationToken)
    {
        var dataset = new Option<string>("--dataset") { Description = DataSource.Description, HelpName = "NAME|FOLDER", DefaultValueFactory = _ => DataSource.FashionMnistName };
        var validationSplit = new Option<double?>("--validation-split") { Description = "The share of each class's images to evaluate on, from a folder with no val/ or test/: 0.2 for a fifth. The seed decides which.", HelpName = "PART", CustomParser = result => Number.Parse(result) };
        var network = new Option<string>("--network") { Description = "The network's name; 'networks' lists them.", HelpName = "NETWORK", DefaultValueFactory = _ => "resnet18" };
        var pretrained = new Option<bool>("--pretrained") { Arity = ArgumentArity.Zero, Description = "Starts from the network's published weights for ImageNet, with a new classifier; they are downloaded once." };
        var epochs = new Option<int>("--epochs") { Description = "Passes over the training images.", HelpName = "N", DefaultValueFactory = _ => s_defaults.Epochs };
        var batchSize = new Option<int>("--batch-size") { Description = "Images of a step.", HelpName = "N", DefaultValueFactory = _ => 128 };
        var learningRate = new Option<double>("--learning-rate") { Description = "The highest learning rate.", HelpName = "RATE", DefaultValueFactory = _ => s_defaults.Optimizer.LearningRate, CustomParser = Number.Parse };
        var weightDecay = new Option<double>("--weight-decay") { Description = "Weight decay.", HelpName = "FACTOR", DefaultValueFactory = _ => s_defaults.Optimizer.WeightDecay, CustomParser = Number.Parse };
        var labelSmoothing = new Option<double>("--label-smoothing") { Description = "Label smoothing.", HelpName = "PART", DefaultValueFactory = _ => s_defaults.LabelSmoothing, CustomParser = Number.Parse };
        var imageSize = new Option<int?>("--image-size") { Description = "Height and width of the network's input. Default: what the network was made for, 224 or 32, or what the first image has if that is less.", HelpName = "PIXELS" };
        var channels = new Option<int?>("--channels") { Description = "3 for colour, 1 for grey. Default: 1 for fashion-mnist, else 3.", HelpName = "1|3" };
        var augmentation = new Option<Augmentation?>("--augmentation") { Description = "What is random about training images. Default: None for fashion-mnist, Flip for images smaller than 224, else CropAndFlip.", HelpName = string.Join('|', Enum.GetNames<Augmentation>()) };
        var device = Devices.Option();
        var workers = LoadingOptions.Workers();
        var onUnreadable = LoadingOptions.OnUnreadable();
        var cache = new Option<int>("--cache-mb") { Description = "Memory in MiB for decoded evaluation images, which then need not be decoded in each epoch; 0 for none.", HelpName = "N", DefaultValueFactory = _ => 256 };
        var seed = new Option<long>("--seed") { Description = "Where the weights, the order and the augmentation come from.", HelpName = "N", DefaultValueFactory = _ => 0 };
        var output = new Option<string?>("--output") { Description = "The run folder. Default: runs/<time>-<network>.", HelpName = "FOLDER" };

        var command = new Command("train", "Trains a network and leaves a run folder, for example: train --dataset photos --epochs 5")
        {
            dataset, validationSplit, network, pretrained, epochs, batchSize, learningRate, weightDecay, labelSmoothing, imageSize, channels, augmentation, device, workers, onUnreadable, cache, seed, output,
        };
        command.SetAction(parsed =>
        {
            // Everything that can be wrong about the command line is found before a dataset is unpacked.
            string name = parsed.GetValue(network)!;
            var row = ResNets.Find(name);
            var published = parsed.GetValue(pretrained) ? PretrainedWeights.Find(name) : null;
            if (published is not null && parsed.GetValue(channels) == 1)
                throw new ArgumentException("--channels is 1, but the published weights of --pretrained are for colour images: leave --channels out.");
            var options = row.Options with { Device = Devices.Parse(parsed.GetValue(device)) };
            var training = new TrainerOptions
            {
                Epochs = parsed.GetValue(epochs),
                Optimizer = new Sgd { LearningRate = parsed.GetValue(learningRate), WeightDecay = parsed.GetValue(weightDecay) },
                LabelSmoothing = parsed.GetValue(labelSmoothing),
            };
            var loader = new ImageLoaderOptions
            {
                BatchSize = parsed.GetValue(batchSize),
                Workers = parsed.GetValue(workers),
                Seed = parsed.GetValue(seed),
                OnUnreadableImage = parsed.GetValue(onUnreadable),
            };
            if (parsed.GetValue(cache) < 0) throw new ArgumentException($"--cache-mb is {parsed.GetValue(cache)}, but has to be 0 or more.");
            long cacheBytes = (long)parsed.GetValue(cache) << 20;
            if (parsed.GetValue(imageSize) is < 1) throw new ArgumentException($"--image-size is {parsed.GetValue(imageSize)}, but has to be at least 1.");
            if (parsed.GetValue(channels) is { } count) loader = loader with { Channels = count };

            var data = DataSource.Open(parsed.GetValue(dataset)!, parsed.GetValue(validationSplit), loader.Seed, cancellationToken).In(parsed.GetValue(channels));
            if (published is not null) data = data.For(published.Preprocessing);
            loader = loader with { Channels = data.Channels };
            int inputSize = parsed.GetValue(imageSize) ?? Math.Min(data.ImageSize, row.ImageSize);
            var settings = new RunSettings
            {
                Network = row.Name,
                Pretrained = published?.Name,
                Dataset = data.Name,
                ValidationSplit = parsed.GetValue(validationSplit),
                Channels = loader.Channels,
                ImageSize = inputSize,
                ResizeTo = ResizeTo(inputSize, data),
                Mean = data.Normalize.Mean,
                Deviation = data.Normalize.Deviation,
                Augmentation = parsed.GetValue(augmentation) ?? data.Augmentation,
                BatchSize = loader.BatchSize,
                Seed = loader.Seed,
                Training = training,
            };
            string folder = parsed.GetValue(output)
                ?? Path.Combine("runs", $"{DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{settings.Network}");
            return Train(data, options, published, loader, cacheBytes, settings, folder, cancellationToken);
        });
        return command;
    }

    // Photographs are resized to 8/7 of the input before its centre is cut out (256 for 224), as in the paper.
    private static int ResizeTo(int imageSize, DataSource data) => imageSize >= 160 || imageSize < data.ImageSize ? imageSize * 8 / 7 : imageSize;

    private static int Train(
        DataSource data, ResNetOptions options, PretrainedWeights? published, ImageLoaderOptions loader, long cacheBytes, RunSettings settings, string folder, CancellationToken cancellationToken)
    {
        if (data.Train.Classes.Count < 2)
            throw new DatasetException($"'{data.Train.Root}' has the class '{data.Train.Classes[0]}' alone: there is nothing to tell apart, so add a folder of images for each further class.");
        var transforms = settings.Augmentation.Transforms(settings.ImageSize, settings.ResizeTo, data.Normalize);
        var training = data.Train.Load(transforms, loader with { Shuffle = true });
        var evaluation = data.Evaluation.Load(Augmentation.None.Transforms(settings.ImageSize, settings.ResizeTo, data.Normalize), loader with { CacheBytes = cacheBytes });
        manual_seed(settings.Seed);
        using var model = published is null
            ? new ResNetModel(options with { Classes = data.Train.Classes.Count, InputChannels = loader.Channels })
            : ConsoleProgress.Create(published, data.Train.Classes.Count, options.Device, cancellationToken);
        var run = RunFolder.Create(folder, settings, data.Train.Classes);

        Console.WriteLine(
            $"Training {settings.Network}{(published is null ? "" : $" from {published.Name}")} ({model.parameters().Sum(parameter => parameter.numel()):N0} parameters) on {options.Device}, {get_num_threads()} threads: "
            + $"{Counted.Images(data.Train.Count)} of {Counted.Classes(data.Train.Classes.Count)}{(data.Train.IsPacked ? $" from the packs in {data.Name}" : "")}, "
            + $"{Counted.Of(settings.Training.Epochs, "epoch", "epochs")} of {Counted.Of(training.Batches, "batch", "batches")} of {settings.BatchSize}");

        var skipped = new HashSet<string>();
        void Name(ImageDecodingException failure)
        {
            // Once, and not in every epoch.
            if (skipped.Add(failure.Path)) ConsoleProgress.WriteLine($"skipped: {failure.Message}");
        }
        training.ImageSkipped += Name;
        evaluation.ImageSkipped += Name;
        var trainer = new Trainer(training, evaluation, settings.Training);
        long skippedBefore = 0;
        trainer.EpochCompleted += metrics =>
        {
            run.SaveWeights(model);
            run.Append(metrics);
            long skipped = training.SkippedImages + evaluation.SkippedImages - skippedBefore;
            skippedBefore += skipped;
            ConsoleProgress.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Epoch {metrics.Epoch}/{settings.Training.Epochs}: train loss {metrics.TrainLoss:0.0000}, val loss {metrics.ValidationLoss:0.0000}, top-1 {metrics.Top1:0.00} %, top-5 {metrics.Top5:0.00} %, {metrics.ImagesPerSecond:0} img/s{Counted.Skipped(skipped)}"));
        };
        TrainingOutcome outcome;
        try
        {
            outcome = ConsoleProgress.Run(progress => trainer.Train(model, progress, cancellationToken));
        }
        catch (ImageDecodingException)
        {
            // What was learned up to the bad picture is not lost.
            run.SaveWeights(model);
            Console.WriteLine($"Stopped; the weights so far are in {folder}");
            throw;
        }
        if (outcome.Interrupted)
        {
            run.SaveWeights(model);
            Console.WriteLine($"Stopped after {Counted.Of(outcome.Steps, "step", "steps")}; the weights so far are in {folder}");
            return ExitCode.Interrupted;
        }
        Console.WriteLine($"The weights, settings and metrics are in {folder}");
        return ExitCode.Success;
    }
}
