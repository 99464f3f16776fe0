using System.Diagnostics;
using System.Runtime.Intrinsics;
using ResNet.Inference.Execution;
using ResNet.Inference.Files;
using ResNet.Inference.Kernels;
using ResNet.Inference.Plans;

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
    private readonly List<(int Height, int Width, Session Session)> _idle = [];
    private int _running;
    private int _mostRunning;
    private bool _disposed;

    private InferenceModel(InferenceFile file, InferenceOptions? options)
    {
        _options = options ?? new();
        _file = file;
        _weights = new WeightStore(
            file.Plan, KernelSet.For(_options.Vectors ?? Hardware), _options.WinogradTile, _options.Threads, file.ReadTensor,
            name => file.ShapeOf(name)!);
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

    /// <summary>The names of the classes in the order of the scores; null if the file has none.</summary>
    public IReadOnlyList<string>? Classes { get; }

    /// <summary>The licence of the weights; null if the file does not name one.</summary>
    public string? License => _file.Metadata.GetValueOrDefault(InferenceFile.LicenseKey);

    /// <summary>The layers.</summary>
    internal InferencePlan Plan => _file.Plan;

    /// <summary>The preprocessing of the file; null if it has none.</summary>
    internal StoredPreprocessing? Preprocessing => _file.Preprocessing;

    /// <summary>Opens a file that <c>ResNetModel.SaveForInference</c> wrote. The file stays open until the model is disposed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The file cannot be read, is damaged, or is no file for inference.</exception>
    public static InferenceModel Open(string path, InferenceOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new InferenceModel(InferenceFile.Open(path), options);
    }

    /// <summary>Opens a file that is read from a stream, to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The content is damaged, or is no file for inference.</exception>
    public static InferenceModel Open(Stream stream, InferenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new InferenceModel(InferenceFile.Open(stream), options);
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
        ReadOnlySpan<float> images, int count, int height, int width, Span<float> scores, CancellationToken cancellationToken = default)
    {
        CheckLengths(images.Length, count, height, width, scores.Length);
        var session = Rent(count, height, width);
        try
        {
            if (!session.Load(images))
                throw new ArgumentException("The images contain NaN or infinite numbers: give finite ones.", nameof(images));
            Compute(session, cancellationToken);
            session.Read(_file.Plan.Layers.Count, scores);
        }
        finally
        {
            Return(height, width, session);
        }
    }

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
        ReadOnlySpan<byte> pixels, int count, int height, int width, Span<float> scores, CancellationToken cancellationToken = default)
    {
        CheckLengths(pixels.Length, count, height, width, scores.Length);
        var session = Rent(count, height, width);
        try
        {
            session.Load(pixels, _table);
            Compute(session, cancellationToken);
            session.Read(_file.Plan.Layers.Count, scores);
        }
        finally
        {
            Return(height, width, session);
        }
    }

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

    private void Free()
    {
        foreach (var entry in _idle) entry.Session.Dispose();
        _idle.Clear();
        _team.Dispose();
        _weights.Dispose();
        _file.Dispose();
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

    /// <summary>The shape of each value for images of one size: the images, and what each layer computes.</summary>
    internal MapShape[] ShapesOf(int height, int width) => _file.Plan.Shapes(height, width, _file.Channels);

    /// <summary>Computes images as <see cref="Run(ReadOnlySpan{float}, int, int, int, Span{float}, CancellationToken)"/> does, and measures.</summary>
    /// <param name="images">The images.</param>
    /// <param name="count">Their number.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="width">Their width in pixels.</param>
    /// <param name="times">To each layer of the plan, its time is added.</param>
    internal void Measure(ReadOnlySpan<float> images, int count, int height, int width, Span<TimeSpan> times)
    {
        var session = Rent(count, height, width);
        bool entered = _team.TryEnter();
        try
        {
            session.Load(images);
            for (int layer = 0; layer < times.Length; layer++)
            {
                long start = Stopwatch.GetTimestamp();
                session.Run(layer, entered ? _team : null, CancellationToken.None);
                times[layer] += Stopwatch.GetElapsedTime(start);
            }
        }
        finally
        {
            if (entered) _team.Exit();
            Return(height, width, session);
        }
    }

    private void Compute(Session session, CancellationToken cancellationToken)
    {
        if (!_team.TryEnter())
        {
            session.Run(null, cancellationToken);
            return;
        }
        try
        {
            session.Run(_team, cancellationToken);
        }
        finally
        {
            _team.Exit();
        }
    }

    private void CheckLengths(int length, int count, int height, int width, int scores)
    {
        if (count < 1 || height < 1 || width < 1)
            throw new ArgumentException($"There are {count} images of {height} × {width} pixels, but each number has to be at least 1.");
        var needed = (Int128)count * Channels * height * width;
        if (length != needed)
        {
            throw new ArgumentException(
                $"The images have {length} numbers, but {count} × {Channels} × {height} × {width} are {needed}.");
        }
        if (scores != (long)count * ClassCount)
            throw new ArgumentException($"The scores have room for {scores} numbers, but {count} × {ClassCount} are needed.");
    }

    private Session Rent(int count, int height, int width)
    {
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

    private void Return(int height, int width, Session session)
    {
        lock (_idle)
        {
            _idle.Add((height, width, session));
            if (_idle.Count > Math.Max(KeptSessions, _mostRunning))
            {
                _idle[0].Session.Dispose();
                _idle.RemoveAt(0);
            }
        }
        End();
    }
}
