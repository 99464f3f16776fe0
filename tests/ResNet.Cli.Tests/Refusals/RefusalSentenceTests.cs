using System.CommandLine;
using ResNet.Cli.Commands;
using ResNet.Testing;
using ResNet.Training;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli.Tests.Refusals;

/// <summary>The error messages of the command line for exceptions.</summary>
public sealed class RefusalSentenceTests
{
    [Fact]
    public void A_refused_option_is_called_by_what_was_typed()
    {
        Sentence(() => new Sgd { LearningRate = -1 }, "--learning-rate", "-1.00")
            .Should().Be("--learning-rate is -1.00, but has to be more than 0.");
        Sentence(() => new AdamW { LearningRate = 0 }, "--learning-rate=0").Should().Be("--learning-rate is 0, but has to be more than 0.");
        Sentence(() => new Mixup(alpha: 0), "--mixup", "0", "--cutmix", "1").Should().Be("--mixup is 0, but has to be more than 0.");
        Sentence(() => new CutMix(alpha: 0), "--mixup", "1", "--cutmix", "0").Should().Be("--cutmix is 0, but has to be more than 0.");
        Sentence(() => new EarlyStopping { Patience = 0 }, "--early-stopping", "0")
            .Should().Be("--early-stopping is 0, but has to be at least 1.");
        Sentence(() => Core.ResNets.Find("resnet17"), "--network", "resnet17")
            .Should().StartWith("--network is 'resnet17', but has to be the name of a network; the nearest are ");
    }

    [Fact]
    public void What_was_not_typed_is_called_what_the_library_calls_it()
    {
        Sentence(() => new Sgd { LearningRate = -1 }).Should().Be("Sgd.LearningRate is -1, but has to be more than 0.");
        Sentence(() => new EvaluatorOptions { MistakeCount = -1 }, "--epochs", "2")
            .Should().Be("EvaluatorOptions.MistakeCount is -1, "
            + "but has to be at least 0.");
    }

    [Fact]
    public void A_batch_with_fewer_images_than_were_asked_for_is_not_called_by_what_was_typed()
    {
        using var network = Core.ResNets.Create("resnet18", classes: 2);
        network.train();
        Sentence(() => Refuse(1), "--batch-size", "1").Should().StartWith("--batch-size is 1, but has to be at least 2 for 32 × 32 pixels");
        Sentence(() => Refuse(1), "--batch-size", "2").Should().StartWith("ResNetModel.images is 1, but has to be at least 2");

        object Refuse(int images)
        {
            network.RefuseSinglePixels(images, 32, 32);
            return network;
        }
    }

    [Fact]
    public void What_a_command_can_do_about_it_is_added()
    {
        using var temporary = new TemporaryFolder();
        string folder = Path.Combine(temporary.Path, "run");
        Sentence(() => RunFolder.Open(folder)).Should().Be($"There is no run folder '{folder}'. "
            + "Give the one that 'train' named at its end.");
        string images = Directory.CreateDirectory(Path.Combine(folder, "train", "a")).FullName;
        Sentence(() => DatasetSplits.Open(folder)).Should().EndWith(" 'train --validation-split 0.2' sets a fifth aside.");
        File.WriteAllText(Path.Combine(images, "pack"), "noise");
        Sentence(() => ImagePack.Open(Path.Combine(images, "pack"))).Should().EndWith("; make it again. The command 'pack' does that.");
    }

    [Fact]
    public void Only_what_a_user_can_mend_is_told_in_a_sentence()
    {
        Refusal.IsAboutInput(new InvalidOptionException("TrainerOptions", "Epochs", 0, "at least 1")).Should().BeTrue();
        Refusal.IsAboutInput(new RunFolderException("no")).Should().BeTrue();
        Refusal.IsAboutInput(new CheckpointException("no")).Should().BeTrue();
        Refusal.IsAboutInput(new ArgumentException("a defect")).Should().BeFalse("a defect has to show its stack trace");
        Refusal.IsAboutInput(new ArgumentNullException("model")).Should().BeFalse();
    }

    private static string Sentence(Func<object> fail, params string[] arguments)
    {
        var root = new RootCommand { TrainCommand.Create(CancellationToken.None) };
        var parsed = root.Parse(["train", .. arguments]);
        parsed.Errors.Should().BeEmpty();
        return Refusal.Describe(fail.Should().Throw<Exception>().Which, parsed).Sentence;
    }
}
