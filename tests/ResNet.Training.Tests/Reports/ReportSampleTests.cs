using System.Text.RegularExpressions;
using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Reports;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Reports;

public sealed class ReportSampleTests : IDisposable
{
    private const int Side = 16;
    private const int Count = 48;

    private static readonly string[] s_classes = ["dark", "<bright>", "c"];

    private static readonly ImageLoaderOptions s_options = new()
    {
        BatchSize = 24, Shuffle = true, Seed = 5, OnUnreadableImage = OnUnreadableImage.Skip,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _images = [];

    public ReportSampleTests()
    {
        var random = new Random(1);
        for (int i = 0; i < Count; i++)
        {
            var pixels = new byte[Side * Side * 3];
            random.NextBytes(pixels);
            string path = _folder.File($"{i:00}.png");
            File.WriteAllBytes(path, PngEncoder.Encode(pixels, Side, Side, 3));
            _images.Add(new ImageSample(path, i % 3));
        }
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<BatchTransform?> Mixings => new(
        null, new Mixup(p: 1, alpha: 1), new CutMix(p: 1), new RandomChoice(new Mixup(p: 1), new CutMix(p: 1)));

    [Theory]
    [MemberData(nameof(Mixings))]
    public void Samples_are_the_first_batch_as_the_network_sees_it(BatchTransform? mixing)
    {
        // An image at the start of the batch and the last one cannot be read.
        int[] order = Loader().Order(0);
        File.WriteAllText(_images[order[2]].Path, "no picture");
        File.WriteAllText(_images[order[s_options.BatchSize - 1]].Path, "no picture");

        using var scope = NewDisposeScope();
        var (input, labels) = FirstBatch();
        input.size(0).Should().Be(22);
        var shares = mixing?.Apply(input, labels, 3, s_options.Seed, epoch: 0, batch: 0);

        long before = LiveTensors.Count();
        var loader = Loader();
        var samples = ReportSample.Draw(loader, s_classes, mixing);
        Tensor.TotalCount.Should().Be(before);
        loader.SkippedImages.Should().Be(0, "images are counted when the network is trained on them");
        samples.Should().HaveCount(16);
        float[] mean = [.. Normalize.ImageNet.Mean], deviation = [.. Normalize.ImageNet.Deviation];
        for (int i = 0; i < samples.Count; i++)
        {
            float[] values = input[i].permute(1, 2, 0).contiguous().data<float>().ToArray();
            byte[] expected =
                [.. values.Select((value, j) => (byte)Math.Clamp(Math.Round(255 * ((value * deviation[j % 3]) + mean[j % 3])), 0, 255))];
            using var picture = Decoded(samples[i].Picture);
            (picture.Width, picture.Height).Should().Be((12, 12));
            byte[] shown = picture.Rows(0, 12).ToArray();
            shown.Zip(expected).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThanOrEqualTo(1);
            string[] names = shares is null
                ? [s_classes[labels[i].ToInt64()]]
                : [.. s_classes.Where((_, label) => shares[i][label].ToSingle() > 0)];
            Regex.Replace(samples[i].Classes, " [0-9.]+ %", "").Split(", ").Should().BeEquivalentTo(names);
        }
    }

    [Fact]
    public void Large_images_are_reduced()
    {
        string path = _folder.File("large.png");
        File.WriteAllBytes(path, PngEncoder.Encode(Motif.Pixels(300, 200, 3), 300, 200, 3));
        var loader = new ImageLoader([new ImageSample(path, 1)], new Compose(new Resize(new ImageSize(200, 300))), new() { BatchSize = 1 });
        using var picture = Decoded(ReportSample.Draw(loader, s_classes).Should().ContainSingle().Subject.Picture);
        (picture.Width, picture.Height).Should().Be((128, 85));
    }

    [Fact]
    public void A_page_shows_the_samples_with_escaped_classes()
    {
        string page = HtmlReport.Create(new ReportContent { Title = "x", Epochs = [], Samples = ReportSample.Draw(Loader(), s_classes) });
        Regex.Matches(page, "<img class=\"pixels\" src=\"data:image/png;base64,").Should().HaveCount(16);
        page.Should().Contain("<figcaption>&lt;bright&gt;</figcaption>").And.Contain("The first 16 images as the network saw them");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_with_a_report_has_the_same_weights_as_one_without(bool mixes)
    {
        var training = new TrainerOptions { Epochs = 2, Mixing = mixes ? new Mixup(p: 1) : null };
        Train(run: null).Should().Equal(Train(RunFolder.Create(
            Path.Combine(_folder.Path, "run"),
            new RunSettings
            {
                Network = "resnet20", Dataset = "x", Channels = 3, ImageSize = 12, ResizeTo = 12, Mean = [0, 0, 0], Deviation = [1, 1, 1],
                BatchSize = s_options.BatchSize, Seed = s_options.Seed, Training = training,
            },
            s_classes)));
        File.ReadAllText(Path.Combine(_folder.Path, "run", "report.html")).Should().Contain("<h2>First batch of training</h2>");

        byte[] Train(RunFolder? run)
        {
            using var model = ResNets.Create("resnet20", classes: 3, seed: 1);
            var trainer = new Trainer(Loader(), null, training);
            using var recording = run?.Record(trainer, model, evaluation: null);
            trainer.Train(model);
            return [.. model.state_dict().Values.SelectMany(tensor => tensor.cpu().contiguous().bytes.ToArray())];
        }
    }

    [Fact]
    public void The_numbers_of_a_run_are_those_of_its_best_epoch()
    {
        var training = new TrainerOptions { Epochs = 6 };
        var run = RunFolder.Create(
            Path.Combine(_folder.Path, "run"),
            new RunSettings
            {
                Network = "resnet20", Dataset = "x", Channels = 3, ImageSize = 12, ResizeTo = 12, Mean = [0, 0, 0], Deviation = [1, 1, 1],
                BatchSize = s_options.BatchSize, Seed = s_options.Seed, Training = training,
            },
            s_classes);
        // Other labels than in training, so what is learned does not help.
        var evaluation = new ImageLoader(
            [.. _images.Select((image, i) => new ImageSample(image.Path, i % 5 % 3))],
            new Compose(new CenterCrop(12), Normalize.ImageNet),
            s_options with { Shuffle = false });
        using var model = ResNets.Create("resnet20", classes: 3, seed: 1);
        var trainer = new Trainer(Loader(), evaluation, training);
        BestEpoch best;
        using (run.Record(trainer, model, evaluation)) best = trainer.Train(model).Best!.Value;
        best.Epoch.Should().BeLessThan(6, "it is by chance that an epoch is the best one");
        string page = File.ReadAllText(Path.Combine(run.Path, "report.html"));
        page.Should().Contain($"the weights of epoch {best.Epoch}").And.NotContain("the weights of epoch 6");
        Regex.Match(page, "\"evaluation\":\\{[^}]*?\"top1\":([0-9.]+)").Groups[1].Value.Should().StartWith($"{best.Top1:0.0}"[..2]);
    }

    private (Tensor Input, Tensor Labels) FirstBatch()
    {
        foreach (var batch in Loader().Epoch(0)) return (batch.ToInput(CPU).clone(), batch.Labels.clone());
        throw new InvalidOperationException("There is no batch.");
    }

    private DecodedImage Decoded(ReadOnlyMemory<byte> png)
    {
        string path = _folder.File("decoded.png");
        File.WriteAllBytes(path, png.ToArray());
        return ImageDecoder.Open(path, 3);
    }

    private ImageLoader Loader() => new(
        _images, new Compose(new RandomCrop(12), new RandomHorizontalFlip(0.5), Normalize.ImageNet, new RandomErasing(0.5)), s_options);
}
