using System.Buffers;
using System.Runtime.Intrinsics;
using ResNet.Inference.Execution;
using ResNet.Inference.Files;
using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference;

/// <summary>
/// A residual network that computes on the CPU, without libtorch or any other native library. Safe to use from several threads: calls
/// that come together run side by side.
/// </summary>
public sealed class InferenceModel : IDisposable
{
    // Idle sessions that keep their memory, for images of sizes that may come again.
    private const int KeptSessions = 4;

    private readonly InferenceFile _file;
    private readonly WeightStore _weights;
    private readonly ThreadTeam _team;
    private readonly InferenceOptions _options;
    private readonly float[] _table;
    private readonly Lazy<float[]> _classifier;
    private readonly List<(int Height, int Width, Session Session)> _idle = [];
    private int _running;
    private int _mostRunning;
    private bool _disposed;

    private InferenceModel(InferenceFile file, InferenceOptions? options)
    {
        _options = options ?? new();
        _file = file;
        var vectors = _options.Vectors ?? Hardware;
        _weights = new WeightStore(
            file.Plan, KernelSet.For(vectors), Int8Kernels.For(vectors), _options.WinogradTile, _options.Threads, file.ReadTensor,
            file.ReadTensor, file.ReadBytes, name => file.ShapeOf(name)!);
        _classifier = new Lazy<float[]>(file.ReadClassifier);
        _team = new ThreadTeam(_options.Threads);
        Classes = file.Classes;
        _table = StoredPreprocessing.Table(file.Preprocessing, Channels);
    }

    /// <summary>The widest vectors of this process: those that the kernels use if <see cref="InferenceOptions.Vectors"/> is null.</summary>
    /// <remarks>
    /// A program that was compiled in advance (<c>PublishAot</c>) has 128 bits only, unless the property <c>IlcInstructionSet</c> of its
    /// project names more: <c>x86-64-v3</c>, <c>x86-64-v4</c> or <c>native</c>.
    /// </remarks>
    public static VectorWidth Hardware { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Vector512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Vector256
        : Vector128.IsHardwareAccelerated ? VectorWidth.Vector128
        : VectorWidth.None;

    /// <summary>The channels of its images: 3 for colour, 1 for grey.</summary>
    public int Channels => _file.Plan.Channels;

    /// <summary>The number of classes: the length of the scores of an image.</summary>
    public int ClassCount => _file.Channels[^1];

    /// <summary>The length of the pooled vector of an image, from which the classifier computes the scores.</summary>
    public int FeatureCount => _file.Channels[_file.Plan.Features];

    /// <summary>The number of stages whose outputs can be read; 0 if the file does not say which layers are stages.</summary>
    public int Stages => Math.Max(0, _file.Plan.Stages.Count - 1);

    /// <summary>The names of the classes in the order of the scores; null if the file has none.</summary>
    public IReadOnlyList<string>? Classes { get; }

    /// <summary>The licence of the weights; null if the file does not name one.</summary>
    public string? License => _file.Metadata.GetValueOrDefault(InferenceFile.LicenseKey);

    /// <summary>Whether its convolutions compute with 8-bit integers, as <see cref="InferenceQuantizer"/> makes them.</summary>
    public bool IsQuantized => _file.Plan.IsQuantized;

    /// <summary>The most threads that compute a call together.</summary>
    internal int Threads => _options.Threads;

    /// <summary>The preprocessing of the file; null if it has none.</summary>
    internal StoredPreprocessing? Preprocessing => _file.Preprocessing;

    /// <summary>Opens a file that <c>ResNetModel.SaveForInference</c> wrote. The file stays open until the model is disposed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The file cannot be read, is damaged, or is no file for inference.</exception>
    public static InferenceModel Open(string path, InferenceOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        WarmUp(options);
        return new InferenceModel(InferenceFile.Open(path), options);
    }

    /// <summary>Opens a file that is read from a stream, to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The content is damaged, or is no file for inference.</exception>
    public static InferenceModel Open(Stream stream, InferenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        WarmUp(options);
        return new InferenceModel(InferenceFile.Open(stream), options);
    }

    /// <summary>Returns whether a file is for inference by its own account, rather than a file of weights; it may be damaged.</summary>
    /// <param name="path">The file.</param>
    /// <returns>False also for a file that does not exist or cannot be read.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static bool IsInferenceFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return InferenceFile.IsOne(path);
    }

    /// <summary>Computes the class scores (logits) of images.</summary>
    /// <param name="images">The images <c>[count, Channels, height, width]</c>, already normalised.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="scores">Receives <c>[count, ClassCount]</c>, not yet normalised by a softmax.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">
    /// A length does not fit, an image has NaN or an infinity, or is too small or too large for the network.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory for so many images of this size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Run(
        ReadOnlySpan<float> images, int count, int height, int width, Span<float> scores, CancellationToken cancellationToken = default) =>
        Run(new Images(images, count, height, width), scores, cancellationToken);

    /// <summary>Computes the class scores (logits) of images in bytes.</summary>
    /// <param name="pixels">
    /// The images <c>[count, height, width, Channels]</c>, as decoders return them. They are scaled to 0…1 and normalised as the
    /// preprocessing of the file says; without one they are scaled only.
    /// </param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="scores">Receives <c>[count, ClassCount]</c>, not yet normalised by a softmax.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">A length does not fit, or an image is too small or too large for the network.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory for so many images of this size.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Run(
        ReadOnlySpan<byte> pixels, int count, int height, int width, Span<float> scores, CancellationToken cancellationToken = default) =>
        Run(new Images(pixels, count, height, width), scores, cancellationToken);

    /// <summary>Computes the pooled vectors of images: all layers but the classifier.</summary>
    /// <param name="images">The images <c>[count, Channels, height, width]</c>, already normalised.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="features">Receives <c>[count, FeatureCount]</c>.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Run(ReadOnlySpan{float}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void Features(
        ReadOnlySpan<float> images, int count, int height, int width, Span<float> features,
        CancellationToken cancellationToken = default) =>
        Features(new Images(images, count, height, width), features, cancellationToken);

    /// <summary>Computes the pooled vectors of images in bytes: all layers but the classifier.</summary>
    /// <param name="pixels">
    /// The images <c>[count, height, width, Channels]</c>; see
    /// <see cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)"/>.
    /// </param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="features">Receives <c>[count, FeatureCount]</c>.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void Features(
        ReadOnlySpan<byte> pixels, int count, int height, int width, Span<float> features,
        CancellationToken cancellationToken = default) =>
        Features(new Images(pixels, count, height, width), features, cancellationToken);

    /// <summary>Computes the shape of a stage's output for an image.</summary>
    /// <param name="stage">The stage, 1 to <see cref="Stages"/>, or 0 for the stem.</param>
    /// <param name="height">The image's height in pixels, at least 1.</param>
    /// <param name="width">The image's width in pixels, at least 1.</param>
    /// <exception cref="InvalidOptionException">There is no such stage, or the file does not say which layers are stages.</exception>
    /// <exception cref="ArgumentException">The image is too small or too large for the network.</exception>
    public (int Channels, int Height, int Width) StageShape(int stage, int height, int width)
    {
        if (stage < 0 || stage >= _file.Plan.Stages.Count)
        {
            throw new InvalidOptionException(
                nameof(InferenceModel), nameof(stage), stage,
                _file.Plan.Stages.Count > 0 ? $"0, the stem, to {Stages}" : "in a file that says its stages: save the network again");
        }
        RequireSides(1, height, width);
        var (channels, rows, columns) = _file.Plan.Shapes(height, width, _file.Channels)[_file.Plan.Stages[stage]];
        return (channels, rows, columns);
    }

    /// <summary>
    /// Computes the outputs of the stem and of stages, as detection and segmentation backbones need them; no layer after the last wanted
    /// stage is computed.
    /// </summary>
    /// <param name="images">The images <c>[count, Channels, height, width]</c>, already normalised.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="maps">
    /// Receive the output of the stem, then that of each stage, <c>[count, C, H, W]</c> as <see cref="StageShape"/> tells; empty for an
    /// output that is not wanted. There may be fewer than <see cref="Stages"/> + 1. In pre-activation networks, outputs are before the
    /// next norm.
    /// </param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Run(ReadOnlySpan{float}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void StageOutputs(
        ReadOnlySpan<float> images, int count, int height, int width, ReadOnlySpan<Memory<float>> maps,
        CancellationToken cancellationToken = default) =>
        StageOutputs(new Images(images, count, height, width), maps, cancellationToken);

    /// <summary>Computes the outputs of the stem and of stages for images in bytes.</summary>
    /// <param name="pixels">
    /// The images <c>[count, height, width, Channels]</c>; see
    /// <see cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)"/>.
    /// </param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="maps">
    /// Receive the outputs; see
    /// <see cref="StageOutputs(ReadOnlySpan{float}, int, int, int, ReadOnlySpan{Memory{float}}, CancellationToken)"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void StageOutputs(
        ReadOnlySpan<byte> pixels, int count, int height, int width, ReadOnlySpan<Memory<float>> maps,
        CancellationToken cancellationToken = default) =>
        StageOutputs(new Images(pixels, count, height, width), maps, cancellationToken);

    /// <summary>
    /// Computes class scores, and the parts of each image in which the network finds a class: the class activation map of the map that
    /// is pooled (Zhou et al. 2016, https://arxiv.org/abs/1512.04150).
    /// </summary>
    /// <remarks>
    /// It equals <c>GradCam.Compute</c> of the last stage, without gradients. In pre-activation networks it is that of the last norm's
    /// output.
    /// </remarks>
    /// <param name="images">The images <c>[count, Channels, height, width]</c>, already normalised.</param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="scores">Receives <c>[count, ClassCount]</c>, not yet normalised by a softmax.</param>
    /// <param name="maps">
    /// Receives <c>[count, height, width]</c>. Each image's values are divided by their maximum, so they range from 0 to 1; all are 0 if
    /// the image has no evidence for the class.
    /// </param>
    /// <param name="classes">The class to look for in each image, from 0; empty for the likeliest class of each image.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <inheritdoc cref="Run(ReadOnlySpan{float}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void Explain(
        ReadOnlySpan<float> images, int count, int height, int width, Span<float> scores, Span<float> maps,
        ReadOnlySpan<int> classes = default, CancellationToken cancellationToken = default) =>
        Explain(new Images(images, count, height, width), scores, maps, classes, cancellationToken);

    /// <summary>
    /// Computes class scores, and the parts of each image in which the network finds a class, for images in bytes; see
    /// <see cref="Explain(ReadOnlySpan{float}, int, int, int, Span{float}, Span{float}, ReadOnlySpan{int}, CancellationToken)"/>.
    /// </summary>
    /// <param name="pixels">
    /// The images <c>[count, height, width, Channels]</c>; see
    /// <see cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)"/>.
    /// </param>
    /// <param name="count">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="scores">Receives <c>[count, ClassCount]</c>, not yet normalised by a softmax.</param>
    /// <param name="maps">Receives <c>[count, height, width]</c>, from 0 to 1.</param>
    /// <param name="classes">The class to look for in each image, from 0; empty for the likeliest class of each image.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <inheritdoc cref="Run(ReadOnlySpan{byte}, int, int, int, Span{float}, CancellationToken)" path="/exception"/>
    public void Explain(
        ReadOnlySpan<byte> pixels, int count, int height, int width, Span<float> scores, Span<float> maps,
        ReadOnlySpan<int> classes = default, CancellationToken cancellationToken = default) =>
        Explain(new Images(pixels, count, height, width), scores, maps, classes, cancellationToken);

    /// <summary>Frees the memory; if calls are running, at the end of the last one.</summary>
    public void Dispose()
    {
        lock (_idle)
        {
            if (_disposed) return;
            _disposed = true;
            if (_running == 0) Free();
        }
    }

    private static void WarmUp(InferenceOptions? options) => KernelWarmUp.Begin(KernelSet.For(options?.Vectors ?? Hardware));

    private void Free()
    {
        foreach (var entry in _idle) entry.Session.Dispose();
        _idle.Clear();
        _team.Dispose();
        _weights.Dispose();
        _file.Dispose();
    }

    /// <summary>The file.</summary>
    internal InferenceFile File => _file;

    /// <summary>Computes images layer by layer.</summary>
    /// <param name="images">The images.</param>
    /// <param name="computed">
    /// Gets the number of each value when it is there, from 0 for the images; the layers after it may overwrite it.
    /// </param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    internal void Observe(in Images images, Action<Session, int> computed, CancellationToken cancellationToken)
    {
        Check(images);
        var session = Rent(images);
        try
        {
            Load(session, images);
            computed(session, 0);
            for (int layer = 0; layer < _file.Plan.Layers.Count; layer++)
            {
                Compute(session, layer, layer + 1, cancellationToken);
                computed(session, layer + 1);
            }
        }
        finally
        {
            Return(images, session);
        }
    }

    /// <summary>Throws if the network cannot take square images of this side, in pixels.</summary>
    internal void RequireSize(int side)
    {
        try
        {
            _file.Plan.Shapes(side, side, _file.Channels);
        }
        catch (ArgumentException e)
        {
            throw new InferenceFileException(_file.Name, $"is damaged: its pictures of {side} pixels do not fit the network", e);
        }
    }

    private void Run(in Images images, Span<float> scores, CancellationToken cancellationToken)
    {
        Check(images);
        CheckLength("scores", scores.Length, images.Count, ClassCount);
        Read(images, _file.Plan.Scores, scores, cancellationToken);
    }

    private void Features(in Images images, Span<float> features, CancellationToken cancellationToken)
    {
        Check(images);
        CheckLength("features", features.Length, images.Count, FeatureCount);
        Read(images, _file.Plan.Features, features, cancellationToken);
    }

    private void Read(in Images images, int value, Span<float> target, CancellationToken cancellationToken)
    {
        var session = Rent(images);
        try
        {
            Load(session, images);
            Compute(session, 0, value, cancellationToken);
            session.Read(value, target);
        }
        finally
        {
            Return(images, session);
        }
    }

    private void StageOutputs(in Images images, ReadOnlySpan<Memory<float>> maps, CancellationToken cancellationToken)
    {
        Check(images);
        var stages = _file.Plan.Stages;
        if (maps.Length > stages.Count)
        {
            throw new ArgumentException(
                stages.Count > 0
                    ? $"There are {maps.Length} maps, but the network has {stages.Count} outputs: the stem's, and one of each stage."
                    : "The file does not say which layers are stages: save the network again.");
        }
        var session = Rent(images);
        try
        {
            for (int stage = 0; stage < maps.Length; stage++)
            {
                if (maps[stage].IsEmpty) continue;
                var (channels, height, width) = session.ShapeOf(stages[stage]);
                if (maps[stage].Length != (long)images.Count * channels * height * width)
                {
                    throw new ArgumentException(
                        $"The map of stage {stage} has room for {maps[stage].Length} numbers, "
                        + $"but {images.Count} × {channels} × {height} × {width} are needed.");
                }
            }
            Load(session, images);
            int done = 0;
            for (int stage = 0; stage < maps.Length; stage++)
            {
                if (maps[stage].IsEmpty) continue;
                Compute(session, done, stages[stage], cancellationToken);
                done = stages[stage];
                session.Read(done, maps[stage].Span);
            }
        }
        finally
        {
            Return(images, session);
        }
    }

    private void Explain(
        in Images images, Span<float> scores, Span<float> maps, ReadOnlySpan<int> classes, CancellationToken cancellationToken)
    {
        Check(images);
        CheckLength("scores", scores.Length, images.Count, ClassCount);
        if (maps.Length != (long)images.Count * images.Height * images.Width)
        {
            throw new ArgumentException(
                $"The maps have room for {maps.Length} numbers, but {images.Count} × {images.Height} × {images.Width} are needed.");
        }
        if (classes.Length > 0 && classes.Length != images.Count)
        {
            throw new ArgumentException(
                $"The number of classes is {classes.Length}, but that of the images is {images.Count}: give one for each.");
        }
        foreach (int index in classes)
        {
            if (index < 0 || index >= ClassCount)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(classes), index, $"There is no class {index}: this network has 0 to {ClassCount - 1}.");
            }
        }
        var session = Rent(images);
        var plan = _file.Plan;
        float[]? memory = null;
        try
        {
            Load(session, images);
            var (channels, height, width) = session.ShapeOf(plan.LastMap);
            int pixels = height * width, length = channels * pixels;
            if ((long)images.Count * (length + pixels) > Array.MaxLength)
                throw new ArgumentException($"The maps of {images.Count} images are too large for an array: give fewer images.");
            memory = ArrayPool<float>.Shared.Rent((images.Count * length) + pixels);
            var map = memory.AsSpan(0, images.Count * length);
            Compute(session, 0, plan.LastMap, cancellationToken);
            session.Read(plan.LastMap, map);
            Compute(session, plan.LastMap, plan.Scores, cancellationToken);
            session.Read(plan.Scores, scores);
            for (int n = 0; n < images.Count; n++)
            {
                int index = classes.IsEmpty ? Likeliest(scores.Slice(n * ClassCount, ClassCount)) : classes[n];
                ActivationMap.Compute(
                    map.Slice(n * length, length), (channels, height, width),
                    _classifier.Value.AsSpan(index * FeatureCount, FeatureCount), memory.AsSpan(images.Count * length, pixels),
                    maps.Slice(n * images.Height * images.Width, images.Height * images.Width), images.Height, images.Width);
            }
        }
        finally
        {
            if (memory is not null) ArrayPool<float>.Shared.Return(memory);
            Return(images, session);
        }
    }

    private static int Likeliest(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best]) best = i;
        }
        return best;
    }

    private void Load(Session session, in Images images)
    {
        if (!images.LoadInto(session, _table))
            throw new ArgumentException("The images contain NaN or infinite numbers: give finite ones.", nameof(images));
    }

    // Computes the layers from one value up to another.
    private void Compute(Session session, int from, int to, CancellationToken cancellationToken)
    {
        if (!_team.TryEnter())
        {
            session.Run(null, from, to, cancellationToken);
            return;
        }
        try
        {
            session.Run(_team, from, to, cancellationToken);
        }
        finally
        {
            _team.Exit();
        }
    }

    private static void RequireSides(int count, int height, int width)
    {
        if (count < 1 || height < 1 || width < 1)
            throw new ArgumentException($"There are {count} images of {height} × {width} pixels, but each number has to be at least 1.");
    }

    private void Check(in Images images)
    {
        RequireSides(images.Count, images.Height, images.Width);
        var needed = (Int128)images.Count * Channels * images.Height * images.Width;
        if (images.Length != needed)
        {
            throw new ArgumentException(
                $"The images have {images.Length} numbers, but "
                + $"{images.Count} × {Channels} × {images.Height} × {images.Width} are {needed}.");
        }
    }

    private static void CheckLength(string what, int length, int count, int each)
    {
        if (length != (long)count * each)
            throw new ArgumentException($"The {what} have room for {length} numbers, but {count} × {each} are needed.");
    }

    private Session Rent(in Images images)
    {
        var (count, height, width) = (images.Count, images.Height, images.Width);
        lock (_idle)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _mostRunning = Math.Max(_mostRunning, ++_running);
            for (int i = _idle.Count - 1; i >= 0; i--)
            {
                var entry = _idle[i];
                if (entry.Height != height || entry.Width != width || entry.Session.Images != count) continue;
                _idle.RemoveAt(i);
                return entry.Session;
            }
        }
        try
        {
            return new Session(_file.Plan, _file.Plan.Shapes(height, width, _file.Channels), _weights, count, _options.Threads);
        }
        catch
        {
            End();
            throw;
        }
    }

    // The end of a call.
    private void End()
    {
        lock (_idle)
        {
            if (--_running == 0 && _disposed) Free();
        }
    }

    private void Return(in Images images, Session session)
    {
        lock (_idle)
        {
            _idle.Add((images.Height, images.Width, session));
            if (_idle.Count > Math.Max(KeptSessions, _mostRunning))
            {
                _idle[0].Session.Dispose();
                _idle.RemoveAt(0);
            }
        }
        End();
    }
}
