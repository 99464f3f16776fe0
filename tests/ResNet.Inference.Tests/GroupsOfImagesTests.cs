using ResNet.Core;

namespace ResNet.Inference.Tests;

/// <summary>The first layers of large images are computed for some of the images at a time, with the same bits.</summary>
public sealed class GroupsOfImagesTests
{
    [Theory]
    [InlineData("resnet18", 5, 176, 176, true)]
    [InlineData("resnet18", 14, 176, 176, true)]
    [InlineData("resnet50", 3, 224, 224, true)]
    [InlineData("preact_resnet18", 5, 160, 192, true)]
    [InlineData("resnet50d", 3, 224, 200, true)]
    [InlineData("resnext50_32x4d", 3, 224, 224, true)]
    [InlineData("resnet20", 9, 192, 192, true)]
    [InlineData("resnet20", 17, 64, 128, true)]
    [InlineData("resnet18", 2, 64, 64, false)]
    [InlineData("resnet18", 1, 224, 224, false)]
    public void Groups_give_the_same_bits_as_all_images_together(string name, int images, int height, int width, bool isDivided)
    {
        using var saved = new SavedNetwork(ResNets.Create(name, seed: 1));
        using var model = InferenceModel.Open(saved.File, new InferenceOptions { Threads = 1 });
        Compare(model, images, height, width, isDivided);

        // Several threads take other groups.
        using var parallel = InferenceModel.Open(saved.File, new InferenceOptions { Threads = 3 });
        float[] input = Random(images * 3 * height * width), scores = new float[images * model.ClassCount];
        model.Run(input, images, height, width, scores);
        float[] others = new float[scores.Length];
        parallel.Run(input, images, height, width, others);
        others.Should().Equal(scores);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Groups_of_bytes_give_the_same_bits_as_all_images_together(bool all)
    {
        using var saved = new SavedNetwork(ResNets.Create("resnet50", seed: 1));
        using var floats = InferenceModel.Open(saved.File);
        var quantizer = new InferenceQuantizer(floats, new QuantizationOptions { FirstConvolution = all, Classifier = all });
        quantizer.Calibrate(Random(2 * 3 * 64 * 64), 2, 64, 64);
        var file = new MemoryStream();
        quantizer.Save(file);
        file.Position = 0;
        using var model = InferenceModel.Open(file, new InferenceOptions { Threads = 1 });
        Compare(model, 3, 224, 224, isDivided: true);
    }

    private static void Compare(InferenceModel model, int images, int height, int width, bool isDivided)
    {
        float[] input = Random(images * 3 * height * width), scores = new float[images * model.ClassCount];
        model.Run(input, images, height, width, scores);
        var together = new float[scores.Length];
        bool divided = false;
        // Layer by layer, all images are computed together.
        model.Observe(new Execution.Images(input, images, height, width), (session, value) =>
        {
            if (value == model.File.Plan.Scores) session.Read(value, together);
            divided = session.Groups > 0;
        }, CancellationToken.None);
        divided.Should().Be(isDivided);
        scores.Should().Equal(together);
        // An image's scores do not depend on its place.
        int last = images - 1, length = 3 * height * width;
        var turned = new float[input.Length];
        for (int i = 0; i < images; i++) input.AsSpan(i * length, length).CopyTo(turned.AsSpan((last - i) * length));
        model.Run(turned, images, height, width, together);
        for (int i = 0; i < images; i++)
        {
            scores.AsSpan(i * model.ClassCount, model.ClassCount)
                .SequenceEqual(together.AsSpan((last - i) * model.ClassCount, model.ClassCount)).Should().BeTrue();
        }
    }

    private static float[] Random(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)];
    }
}
