using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Benchmarks.Serving;

/// <summary>An ordinary ASP.NET service around ONNX Runtime, with SkiaSharp for decoding.</summary>
internal sealed class OnnxService : IDisposable
{
    private const int Count = 5;

    private readonly ConcurrentBag<OnnxWorkspace> _idle = [];
    private readonly RunOptions _run = new();
    private readonly InferenceSession _session;
    private readonly int _classes;

    // Slower: all processors for each request, one or several at a time, spinning or not; no limit, or one of Run alone (longest
    // latencies).
    private readonly SemaphoreSlim _turns = new(Environment.ProcessorCount);

    private OnnxService(string file)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            // Each request computes on its own thread.
            IntraOpNumThreads = 1,
        };
        _session = new InferenceSession(file, options);
        _classes = _session.OutputMetadata[_session.OutputNames[0]].Dimensions[^1];
    }

    /// <param name="file">The exported network.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    public static void Serve(string file, int port)
    {
        using var service = new OnnxService(file);
        using var app = ServiceProgram.CreateBuilder(port).Build();
        app.MapPost(OurService.Path, service.ClassifyAsync);
        ServiceProgram.Run(app);
    }

    public void Dispose()
    {
        foreach (var workspace in _idle) workspace.Dispose();
        _session.Dispose();
        _run.Dispose();
        _turns.Dispose();
    }

    private async Task ClassifyAsync(HttpContext context)
    {
        if (context.Request.ContentLength is not (> 0 and <= int.MaxValue and var length))
        {
            context.Response.StatusCode = StatusCodes.Status411LengthRequired;
            return;
        }
        byte[] body = ArrayPool<byte>.Shared.Rent((int)length);
        Answer answer;
        try
        {
            await context.Request.Body.ReadExactlyAsync(body.AsMemory(0, (int)length), context.RequestAborted);
            answer = await ClassifyAsync(body.AsMemory(0, (int)length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
        await context.Response.WriteAsJsonAsync(answer);
    }

    private async Task<Answer> ClassifyAsync(ReadOnlyMemory<byte> picture)
    {
        await _turns.WaitAsync();
        var workspace = _idle.TryTake(out var idle) ? idle : new OnnxWorkspace(_classes);
        try
        {
            workspace.Load(picture.Span);
            return Top(workspace.Run(_session, _run));
        }
        finally
        {
            _idle.Add(workspace);
            _turns.Release();
        }
    }

    private static Answer Top(ReadOnlySpan<float> probabilities)
    {
        var best = new PriorityQueue<int, float>(Count + 1);
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (best.Count < Count) best.Enqueue(i, probabilities[i]);
            else best.EnqueueDequeue(i, probabilities[i]);
        }
        var predictions = new Prediction[best.Count];
        for (int i = predictions.Length - 1; best.TryDequeue(out int index, out float probability); i--)
            predictions[i] = new Prediction($"{index}", probability);
        return new Answer(predictions);
    }

    private sealed record Answer(IReadOnlyList<Prediction> Predictions);

    private sealed record Prediction(string Class, float Probability);
}
