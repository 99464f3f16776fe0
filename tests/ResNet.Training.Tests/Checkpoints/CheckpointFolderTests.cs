using ResNet.Testing;
using ResNet.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder _parent = new();

    private string FolderPath => Path.Combine(_parent.Path, "checkpoints");

    private string BestPath => Path.Combine(FolderPath, "best.safetensors");

    public void Dispose() => _parent.Dispose();

    [Fact]
    public void A_folder_without_checkpoints_has_none()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        folder.Files.Should().BeEmpty();
        folder.OpenLatest().Should().BeNull();
        folder.OpenBest().Should().BeNull();
        Directory.Exists(FolderPath).Should().BeFalse("nothing was saved yet");
    }

    [Fact]
    public void The_last_ones_and_the_best_one_are_kept()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        Save(folder, 1);
        Save(folder, 20, best: true);
        Save(folder, 300);
        Save(folder, 12_345_678_901);
        folder.Files.Should().Equal(FilePath(12_345_678_901), FilePath(300));
        Directory.GetFiles(FolderPath).Should().BeEquivalentTo([FilePath(12_345_678_901), FilePath(300), BestPath]);
        Path.GetFileName(FilePath(300)).Should().Be("step-0000000300.safetensors");
        LatestStep(folder).Should().Be(12_345_678_901);
        using var best = folder.OpenBest();
        best!.Step.Should().Be(20);
        best.Texts["note"].Should().Be("step 20");
        best.Tensors["x"].ToSingle().Should().Be(20);
    }

    [Fact]
    public void The_best_one_is_the_same_file_as_its_steps()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 1, best: true);
        Save(folder, 2, best: true);
        File.ReadAllBytes(BestPath).Should().Equal(File.ReadAllBytes(FilePath(2)));
        folder.Files.Should().Equal(FilePath(2));
    }

    [Fact]
    public void A_damaged_one_is_reported_and_the_one_before_it_used()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 3);
        foreach (long step in new[] { 10, 20, 30 }) Save(folder, step);
        Cut(FilePath(30));
        File.WriteAllBytes(FilePath(20), []);
        var damaged = new List<CheckpointException>();
        using var checkpoint = folder.OpenLatest(damaged.Add);
        checkpoint!.Step.Should().Be(10);
        damaged.Select(failure => failure.Path).Should().Equal(FilePath(30), FilePath(20));
        damaged.Should().OnlyContain(failure => failure.IsDamaged);
    }

    [Fact]
    public void The_best_one_is_used_where_all_others_are_damaged()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 10, best: true);
        Save(folder, 20);
        Cut(FilePath(20));
        LatestStep(folder).Should().Be(10);
    }

    [Fact]
    public void Where_all_are_damaged_they_are_named()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        Save(folder, 10);
        Cut(FilePath(10));
        var open = () => folder.OpenLatest();
        open.Should().Throw<CheckpointException>().WithMessage($"The checkpoint '{FilePath(10)}' is cut short or damaged: *");
        Save(folder, 20, best: true);
        Cut(FilePath(20));
        Cut(BestPath);
        var damaged = new List<CheckpointException>();
        var openSeveral = () => folder.OpenLatest(damaged.Add);
        openSeveral.Should().Throw<CheckpointException>().WithMessage(
            $"The checkpoint '{FolderPath}' has no sound file in it: step-0000000020.safetensors, "
            + "step-0000000010.safetensors, best.safetensors are all damaged.");
        damaged.Should().HaveCount(3);
        var best = () => folder.OpenBest();
        best.Should().Throw<CheckpointException>();
    }

    [Fact]
    public void One_of_a_newer_library_is_not_passed_over()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        Save(folder, 10);
        using var x = zeros(1);
        SealedFile.Write(
            FilePath(20),
            new Dictionary<string, Tensor> { ["x"] = x },
            new Dictionary<string, string> { ["format"] = "resnet-checkpoint", ["version"] = "3" });
        var open = () => folder.OpenLatest(_ => Assert.Fail("it is not damaged"));
        open.Should().Throw<CheckpointException>().WithMessage($"The checkpoint '{FilePath(20)}' is of version 3, *");
    }

    [Fact]
    public void A_run_that_went_back_removes_what_it_went_back_behind()
    {
        Save(new CheckpointFolder(FolderPath, keep: 2), 10);
        Save(new CheckpointFolder(FolderPath, keep: 2), 20);
        Cut(FilePath(20));
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 15);
        folder.Files.Should().Equal(FilePath(15));
    }

    [Fact]
    public void The_same_step_may_be_saved_again()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        Save(folder, 10);
        Save(folder, 10, best: true);
        folder.Files.Should().Equal(FilePath(10));
        LatestStep(folder).Should().Be(10);
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_removed_and_nothing_else()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 10);
        string id = Guid.NewGuid().ToString("N");
        string[] leftovers = [$"{FilePath(20)}.{id}.tmp", $"{BestPath}.{id}.tmp"];
        string[] others =
        [
            .. new[]
            {
                "notes.txt", $"weights.safetensors.{id}.tmp", "best.safetensors.tmp", $"best.safetensors.{id}.tmp.bak",
                $"my-step-0000000020.safetensors.{id}.tmp", "step-5.safetensors", "step-0000000005.safetensors.bak",
            }
                .Select(name => Path.Combine(FolderPath, name)),
        ];
        foreach (string file in leftovers.Concat(others)) File.WriteAllText(file, "");
        LatestStep(folder).Should().Be(10, "half a file is not a checkpoint");
        leftovers.Should().OnlyContain(file => File.Exists(file), "reading deletes no files");

        Save(new CheckpointFolder(FolderPath, keep: 1), 20);
        Directory.GetFiles(FolderPath).Should().BeEquivalentTo([FilePath(20), .. others]);
    }

    [Fact]
    public void The_old_ones_are_there_as_long_as_the_new_one_is_not_whole()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 10, best: true);
        using var complex = tensor(1f).to(ScalarType.ComplexFloat32);
        var save = () => folder.Save(20, new Dictionary<string, Tensor> { ["z"] = complex }, new Dictionary<string, string>(), best: true);
        save.Should().Throw<ArgumentException>();
        Directory.GetFiles(FolderPath).Should().BeEquivalentTo([FilePath(10), BestPath]);
    }

    [Fact]
    public void A_folder_that_is_removed_in_the_middle_of_a_run_is_missed()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 1);
        Save(folder, 10);
        Directory.Delete(FolderPath, recursive: true);
        var save = () => Save(folder, 20);
        save.Should().Throw<IOException>().WithMessage($"The file '{FilePath(20)}' cannot be written: its folder does not exist.");
        var best = () => Save(folder, 20, best: true);
        best.Should().Throw<IOException>().WithMessage($"The file '{BestPath}' cannot be written: its folder does not exist.");
    }

    [Fact]
    public void A_place_where_no_folder_can_be_made_is_named()
    {
        File.WriteAllText(FolderPath, "a file");
        var save = () => Save(new CheckpointFolder(FolderPath, keep: 1), 1);
        save.Should().Throw<IOException>().WithMessage($"The folder '{FolderPath}' for checkpoints cannot be made: *.");
        string belowIt = Path.Combine(FolderPath, "below");
        var below = () => Save(new CheckpointFolder(belowIt, keep: 1), 1);
        below.Should().Throw<IOException>().WithMessage($"The folder '{belowIt}' for checkpoints cannot be made: *.");
    }

    [Fact]
    public void A_folder_of_no_name_and_keeping_none_are_refused()
    {
        var unnamed = () => new CheckpointFolder(" ", keep: 1);
        unnamed.Should().Throw<ArgumentException>();
        var none = () => new CheckpointFolder(FolderPath, keep: 0);
        none.Should().Throw<ArgumentException>().WithMessage("CheckpointFolder.keep is 0, but has to be at least 1.");
    }

    [Fact]
    public void A_full_disk_leaves_the_old_ones()
    {
        using var disk = SmallDisk.Mount(megabytes: 4);
        if (disk is null) return;
        var folder = new CheckpointFolder(Path.Combine(disk.Path, "checkpoints"), keep: 1);
        Save(folder, 10, best: true, elements: 250_000);
        Save(folder, 20, elements: 250_000);
        foreach (bool best in new[] { false, true })
        {
            var save = () => Save(folder, 30, best, elements: 1_000_000);
            save.Should().Throw<IOException>()
                .WithMessage($"The file '{disk.Path}/checkpoints/*' cannot be written: No space left on device.");
            Directory.GetFiles(folder.Path).Select(Path.GetFileName)
                .Should().BeEquivalentTo("best.safetensors", "step-0000000020.safetensors");
            LatestStep(folder).Should().Be(20);
            using var kept = folder.OpenBest();
            kept!.Step.Should().Be(10);
        }
    }

    [Fact]
    public void Saving_and_opening_leave_no_tensors_behind()
    {
        var folder = new CheckpointFolder(FolderPath, keep: 2);
        long before = LiveTensors.Count();
        for (int step = 1; step < 5; step++) Save(folder, step, best: step % 2 == 0);
        Cut(FilePath(4));
        LatestStep(folder).Should().Be(3);
        folder.OpenBest()!.Dispose();
        Tensor.TotalCount.Should().Be(before);
    }

    private static void Save(CheckpointFolder folder, long step, bool best = false, int elements = 1)
    {
        using var x = elements == 1 ? tensor((float)step) : full([elements], (float)step);
        folder.Save(step, new Dictionary<string, Tensor> { ["x"] = x }, new Dictionary<string, string> { ["note"] = $"step {step}" }, best)
            .Should().Be(FileOf(folder, step));
    }

    private static long LatestStep(CheckpointFolder folder)
    {
        using var checkpoint = folder.OpenLatest();
        return checkpoint!.Step;
    }

    private static void Cut(string file)
    {
        using var stream = File.OpenWrite(file);
        stream.SetLength(stream.Length - 1);
    }

    private static string FileOf(CheckpointFolder folder, long step) => Path.Combine(folder.Path, $"step-{step:D10}.safetensors");

    private string FilePath(long step) => Path.Combine(FolderPath, $"step-{step:D10}.safetensors");
}
