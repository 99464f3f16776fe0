using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using ResNet.AspNetCore.Models;

namespace ResNet.AspNetCore.Batching;

/// <summary>Computes pictures together.</summary>
internal sealed class Batch(ResNetClassifierOptions options, Telemetry telemetry)
{
    private byte[] _pixels = [];
    private float[] _scores = [];

    /// <summary>Computes some of the first pictures: as many of one network as are a power of 2, or one with a heat map.</summary>
    /// <param name="jobs">Pictures, at least one; those that are computed are removed.</param>
    internal void ComputeFirst(List<Job> jobs)
    {
        var first = jobs[0];
        int count = 1;
        if (!first.Options.HeatMap)
        {
            int same = jobs.TakeWhile(job => job.Model == first.Model && !job.Options.HeatMap).Count();
            count = 1 << BitOperations.Log2((uint)same);
        }
        var batch = jobs.GetRange(0, count);
        jobs.RemoveRange(0, count);
        Compute(first.Model, CollectionsMarshal.AsSpan(batch));
    }

    private void Compute(ServedModel model, Span<Job> jobs)
    {
        var links = jobs.ToArray().Where(job => job.Trace != default).Select(job => new ActivityLink(job.Trace));
        using var activity = Telemetry.Source.StartActivity(ActivityKind.Internal, links: links, name: "resnet.compute");
        activity?.SetTag("resnet.batch_size", jobs.Length);
        try
        {
            if (jobs[0].Options.HeatMap) Explain(model, jobs[0]);
            else Classify(model, jobs);
        }
        catch (Exception failure)
        {
            // Those that are answered already stay so.
            foreach (var job in jobs) job.Fail(failure);
        }
    }

    private void Explain(ServedModel model, Job job)
    {
        long began = Stopwatch.GetTimestamp();
        var map = model.Classifier.Explain(job.Pixels, job.Class, CancellationToken.None, CountOf(job));
        telemetry.Computed(1, Stopwatch.GetElapsedTime(began));
        job.Complete([.. map.Predictions], map);
    }

    private void Classify(ServedModel model, Span<Job> jobs)
    {
        var classifier = model.Classifier;
        int pixels = model.PixelBytes, classes = classifier.Model.ClassCount;
        if (_pixels.Length < jobs.Length * pixels) _pixels = new byte[jobs.Length * pixels];
        if (_scores.Length < jobs.Length * classes) _scores = new float[jobs.Length * classes];
        for (int i = 0; i < jobs.Length; i++) jobs[i].Pixels.CopyTo(_pixels.AsSpan(i * pixels));
        long began = Stopwatch.GetTimestamp();
        var (height, width) = classifier.Transforms.Size;
        var scores = _scores.AsSpan(0, jobs.Length * classes);
        classifier.Model.Run(_pixels.AsSpan(0, jobs.Length * pixels), jobs.Length, height, width, scores);
        telemetry.Computed(jobs.Length, Stopwatch.GetElapsedTime(began));
        for (int i = 0; i < jobs.Length; i++)
        {
            var predictions = classifier.Rank(scores.Slice(i * classes, classes).ToArray(), CountOf(jobs[i]));
            jobs[i].Complete(predictions, map: null);
        }
    }

    private int CountOf(Job job) => job.Options.Count ?? options.Count;
}
