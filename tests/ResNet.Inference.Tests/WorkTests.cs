using ResNet.Inference.Execution;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

public sealed class WorkTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    [InlineData(7, 2)]
    [InlineData(100, 4)]
    public void Threads_compute_each_row_once_in_each_run(int rows, int threads)
    {
        int[] counts = new int[rows];
        var work = RowsWork.Of(rows, threads, part =>
        {
            for (int row = part.Start.Value; row < part.End.Value; row++) Interlocked.Increment(ref counts[row]);
        });
        using var team = new ThreadTeam(threads);
        bool isTeam = team.TryEnter();
        isTeam.Should().Be(threads > 1);
        const int runs = 500;
        for (int run = 0; run < runs; run++)
        {
            if (isTeam) team.Run(work);
            else work.ComputeAll();
            work.IsDone.Should().BeTrue();
        }
        counts.Should().OnlyContain(count => count == runs);
    }

    [Fact]
    public void A_thread_takes_the_shares_of_others_that_do_not_come()
    {
        var taken = new List<int>();
        var work = RowsWork.Of(
            24, threads: 3, part => taken.AddRange(Enumerable.Range(part.Start.Value, part.End.Value - part.Start.Value)));

        work.Begin();
        work.TakeParts(thread: 1);

        work.IsDone.Should().BeTrue();
        taken.Should().BeEquivalentTo(Enumerable.Range(0, 24));
        taken.Take(8).Should().Equal(Enumerable.Range(8, 8), "its own share comes first");
    }

    // The first two layers are computed at once, in strips, unless somebody looks at what is between them.
    [Theory]
    [InlineData("resnet18", 1, 224, 31)]
    [InlineData("resnet18", 3, 37, 64)]
    [InlineData("resnet18", 5, 7, 300)]
    [InlineData("resnet50", 2, 75, 50)]
    public void All_layers_at_once_give_the_same_bits_as_one_by_one(string name, int images, int height, int width)
    {
        using var saved = new SavedNetwork(name);
        float[] input = randn(images, 3, height, width).data<float>().ToArray();
        foreach (int threads in new[] { 1, 2, 5 })
        {
            using var model = InferenceModel.Open(saved.File, new InferenceOptions { Threads = threads });
            var (scores, expected) = (new float[images * 10], new float[images * 10]);
            int last = model.File.Plan.Scores;
            model.Observe(
                new Images(input, images, height, width), (session, value) =>
                {
                    if (value == last) session.Read(value, expected);
                },
                CancellationToken.None);

            model.Run(input, images, height, width, scores);

            scores.Should().Equal(expected);
        }
    }
}
