using ResNet.Inference.Execution;
using ResNet.Inference.Files;
using ResNet.Inference.Quantization;

namespace ResNet.Inference;

/// <summary>
/// Makes a file of a network that computes with 8-bit integers from one that computes with floats: post-training quantisation. It computes
/// images as the network will get them, and chooses from the numbers in each layer the range that bytes stand for.
/// </summary>
/// <remarks>
/// Weights are symmetric, of 7 bits, with a scale for each output channel; the numbers between layers are unsigned bytes with a scale
/// and a zero point for each layer, which have the least sum of squared errors. Convolutions with groups stay as they are, and
/// without <see cref="QuantizationOptions"/> the first convolution and the classifier do, too. Not safe to use from several threads.
/// </remarks>
public sealed class InferenceQuantizer
{
    private readonly InferenceModel _model;
    private readonly PlanQuantizer _plan;
    private readonly ActivationHistogram?[] _histograms;

    /// <summary>Makes a quantizer.</summary>
    /// <param name="model">The network, which has to stay open.</param>
    /// <param name="options">Which layers compute with integers; null for <see cref="QuantizationOptions"/>' defaults.</param>
    /// <exception cref="ArgumentException">The network computes with integers already.</exception>
    public InferenceQuantizer(InferenceModel model, QuantizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.IsQuantized)
            throw new ArgumentException("The network computes with 8-bit integers already: quantize the file that it was made from.");
        _model = model;
        var plan = model.File.Plan;
        _plan = new PlanQuantizer(plan, model.File.Channels, options ?? new());
        _histograms =
            [.. Enumerable.Range(0, plan.Layers.Count + 1).Select(value => _plan.NeedsRange(value) ? new ActivationHistogram() : null)];
    }

    /// <summary>The number of images that were computed.</summary>
    public int ImageCount { get; private set; }

    /// <summary>Computes images; several hundred are enough, of all classes.</summary>
    /// <param name="images">The images <c>[count, Channels, height, width]</c>, already normalised.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">As for <see cref="InferenceModel"/>, or the network computes infinite numbers.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Calibrate(
        ReadOnlySpan<float> images, int count, int height, int width, CancellationToken cancellationToken = default)
    {
        _model.Observe(new Images(images, count, height, width), Observe, cancellationToken);
        ImageCount += count;
    }

    /// <summary>Computes images in bytes.</summary>
    /// <param name="pixels">The images <c>[count, height, width, Channels]</c>, as for <see cref="InferenceModel"/>.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">As for <see cref="InferenceModel"/>, or the network computes infinite numbers.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Calibrate(
        ReadOnlySpan<byte> pixels, int count, int height, int width, CancellationToken cancellationToken = default)
    {
        _model.Observe(new Images(pixels, count, height, width), Observe, cancellationToken);
        ImageCount += count;
    }

    /// <summary>Writes the file, with the classes and the preprocessing of the network.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <exception cref="InvalidOperationException">No image was computed.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (ImageCount == 0) throw new InvalidOperationException("There are no images to choose ranges from: call Calibrate before Save.");
        var file = _model.File;
        var writer = new InferenceFileWriter();
        for (int i = 0; i < file.Plan.Layers.Count; i++)
        {
            var layer = file.Plan.Layers[i];
            foreach (string name in layer.Tensors)
            {
                var (shape, values) = (file.ShapeOf(name)!, file.ReadTensor(name));
                if (!_plan.IsInt8(i) || name == layer.Bias)
                {
                    writer.Add(name, shape, values);
                    continue;
                }
                var (weights, scales) = WeightQuantizer.Quantize(values, (int)shape[0]);
                writer.Add(name, shape, weights);
                writer.Add(PlanQuantizer.ScaleName(name), [scales.Length], scales);
            }
        }
        writer.Write(stream, _plan.Quantize(value => ByteRange.Choose(_histograms[value]!)), file.Metadata);
    }

    private void Observe(Session session, int value)
    {
        if (_histograms[value] is not { } histogram) return;
        long pixels = session.Pixels(value);
        for (long pixel = 0; pixel < pixels; pixel++) histogram.Add(session.Pixel(value, pixel));
    }
}
