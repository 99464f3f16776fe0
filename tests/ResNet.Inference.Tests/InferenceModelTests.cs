
namespace ResNet.Inference.Tests;

public sealed class InferenceModelTests : IDisposable
{
    private const int Side = 40;

    private readonly SavedNetwork _saved = new("resnet20");
    private readonly InferenceModel _model;
    private readonly float[] _images = [.. Enumerable.Range(0, 2 * 3 * Side * Side).Select(i => MathF.Sin(i * 0.37f))];

    public InferenceModelTests() => _model = InferenceModel.Open(_saved.File);

    public void Dispose()
    {
        _model.Dispose();
        _saved.Dispose();
    }

    [Fact]
    public void A_model_says_what_it_is()
    {
        _model.Channels.Should().Be(3);
        _model.ClassCount.Should().Be(10);
        _model.Classes.Should().BeNull();
        _model.License.Should().BeNull();
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        // The wide layers of resnet50 are divided by channels, the others by pixels.
        using var wide = new SavedNetwork("resnet50");
        foreach (var saved in new[] { _saved, wide })
        {
            float[] expected = Run(saved, 1);
            foreach (int threads in new[] { 2, 3, 8 }) Run(saved, threads).Should().Equal(expected, "{0} threads", threads);
        }

        float[] Run(SavedNetwork saved, int threads)
        {
            using var model = InferenceModel.Open(saved.File, new InferenceOptions { Threads = threads });
            float[] scores = [];
            for (int i = 0; i < 5; i++) scores = Scores(model);
            return scores;
        }
    }

    [Fact]
    public void Images_that_come_together_give_the_scores_of_each_alone()
    {
        float[] both = Scores(_model);
        var alone = new float[10];
        _model.Run(_images.AsSpan(3 * Side * Side), 1, Side, Side, alone);
        // Another number of images may take another algorithm.
        for (int i = 0; i < alone.Length; i++) alone[i].Should().BeApproximately(both[10 + i], 1e-5f);
    }

    [Fact]
    public async Task Callers_at_the_same_time_get_their_own_results()
    {
        float[] expected = Scores(_model);
        var small = new float[10];
        _model.Run(_images.AsSpan(0, 3 * 32 * 32), 1, 32, 32, small);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(caller => Task.Run(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                if (caller % 2 == 0)
                {
                    Scores(_model).Should().Equal(expected);
                    continue;
                }
                var scores = new float[10];
                _model.Run(_images.AsSpan(0, 3 * 32 * 32), 1, 32, 32, scores);
                scores.Should().Equal(small);
            }
        })));
    }

    [Fact]
    public void Bytes_are_scaled_and_normalised()
    {
        byte[] pixels = [.. Enumerable.Range(0, Side * Side * 3).Select(i => (byte)(i * 7))];
        var floats = new float[pixels.Length];
        for (int i = 0; i < pixels.Length; i++) floats[(i % 3 * Side * Side) + (i / 3)] = pixels[i] / 255f;
        float[] expected = new float[10], actual = new float[10];
        _model.Run(floats, 1, Side, Side, expected);
        _model.Run(pixels, 1, Side, Side, actual);
        actual.Should().Equal(expected);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Images_that_are_not_finite_are_refused(float value)
    {
        foreach (int place in new[] { 0, 5000, _images.Length - 1 })
        {
            float[] images = [.. _images];
            images[place] = value;
            Action run = () => _model.Run(images, 2, Side, Side, new float[20]);
            run.Should().Throw<ArgumentException>().WithMessage("The images contain NaN or infinite numbers: give finite ones.*");
        }
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Refusal(() => _model.Run(_images, 1, Side, Side, new float[10]))
            .Should().Be("The images have 9600 numbers, but 1 × 3 × 40 × 40 are 4800.");
        Refusal(() => _model.Run(_images, 2, Side, Side, new float[10]))
            .Should().Be("The scores have room for 10 numbers, but 2 × 10 are needed.");
        Refusal(() => _model.Run(_images, 0, Side, Side, new float[10])).Should().StartWith("There are 0 images of 40 × 40 pixels");
        Refusal(() => _model.Run(_images, 2, Side, -Side, new float[10])).Should().StartWith("There are 2 images of 40 × -40 pixels");

        static string Refusal(Action run) => run.Should().Throw<ArgumentException>().Which.Message;
    }

    [Fact]
    public void A_cancelled_call_ends_and_the_next_one_is_right()
    {
        float[] expected = Scores(_model);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Action run = () => _model.Run(_images, 2, Side, Side, new float[20], cancelled.Token);
        run.Should().Throw<OperationCanceledException>();
        Scores(_model).Should().Equal(expected);
    }

    [Fact]
    public void Sizes_may_change_from_call_to_call()
    {
        for (int round = 0; round < 2; round++)
        {
            for (int side = 1; side < 40; side += 3)
                _saved.Deviation(_model, 1, side, side + 2).Should().BeLessThan(1e-4, "{0} pixels", side);
        }
    }

    [Fact]
    public void A_disposed_model_refuses_calls()
    {
        _model.Dispose();
        Action run = () => _model.Run(_images, 2, Side, Side, new float[20]);
        run.Should().Throw<ObjectDisposedException>();
        _model.Dispose();
    }

    [Fact]
    public void A_single_pixel_is_an_image()
    {
        using var saved = new SavedNetwork("resnet18");
        using var model = InferenceModel.Open(saved.File);
        saved.Deviation(model, 1, 1, 1).Should().BeLessThan(1e-4, "each layer pads it");
    }

    [Fact]
    public async Task A_model_that_is_disposed_while_calls_run_serves_them_to_their_end()
    {
        float[] expected = Scores(_model);
        for (int round = 0; round < 20; round++)
        {
            var model = InferenceModel.Open(_saved.File);
            using var begun = new CountdownEvent(3);
            var calls = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                begun.Signal();
                try
                {
                    Scores(model).Should().Equal(expected);
                }
                catch (ObjectDisposedException)
                {
                }
            })).ToArray();
            begun.Wait();
            model.Dispose();
            await Task.WhenAll(calls);
        }
    }

    [Fact]
    public void Images_that_are_too_large_are_refused()
    {
        Action run = () => _model.Run(new byte[70_000 * 3], 1, 1, 70_000, new float[10]);
        run.Should().Throw<ArgumentException>().WithMessage("Images of 1 × 70000 pixels are too large: a side has at most 65536 pixels.*");
        // The product of these lengths is 2⁶⁴.
        Action overflow = () => _model.Run(ReadOnlySpan<float>.Empty, 1 << 30, 1 << 30, 16, []);
        overflow.Should().Throw<ArgumentException>().WithMessage("The images have 0 numbers, but *");
    }

    [Fact]
    public void Options_out_of_their_range_are_refused()
    {
        Refusal(() => new InferenceOptions { Threads = 0 }).Should().Be("InferenceOptions.Threads is 0, but has to be between 1 and 1024.");
        Refusal(() => new InferenceOptions { WinogradTile = 3 })
            .Should().Be("InferenceOptions.WinogradTile is 3, but has to be 0, 2 or 4.");
        Refusal(() => new InferenceOptions { Vectors = (VectorWidth)9 })
            .Should().StartWith("InferenceOptions.Vectors is 9, but has to be None to ");

        static string Refusal(Func<object> make) => make.Should().Throw<InvalidOptionException>().Which.Message;
    }

    private float[] Scores(InferenceModel model)
    {
        var scores = new float[20];
        model.Run(_images, 2, Side, Side, scores);
        return scores;
    }
}
