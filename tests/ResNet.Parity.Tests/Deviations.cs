using System.Globalization;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>
/// The deviations of a network's tensors from the reference's: the largest difference of two elements, relative to the largest
/// magnitude in the reference's tensor. The largest deviation of each kind is written to the test's output, even if the test
/// fails, and to the file that PARITY_REPORT names.
/// </summary>
internal sealed class Deviations(string network, ITestOutputHelper output) : IDisposable
{
    private readonly Dictionary<string, double> _largest = [];

    /// <summary>Compares two tensors.</summary>
    /// <param name="kind">Their kind in the report.</param>
    /// <param name="name">Their name in the message.</param>
    /// <param name="ours">The library's tensor.</param>
    /// <param name="theirs">The reference's tensor.</param>
    /// <param name="limit">The largest deviation that passes.</param>
    internal void Compare(string kind, string name, Tensor ours, Tensor theirs, double limit)
    {
        ours.shape.Should().Equal(theirs.shape, "{0} should have the reference's shape", name);
        double deviation = Deviation(ours, theirs);
        _largest[kind] = Math.Max(deviation, _largest.GetValueOrDefault(kind));
        deviation.Should().BeLessThanOrEqualTo(limit, "{0} of {1} should be the reference's", name, network);
    }

    /// <summary>Gets the largest deviation of a kind so far.</summary>
    internal double Largest(string kind) => _largest[kind];

    public void Dispose()
    {
        var deviations = _largest.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value:0.0e-0}"));
        string line = $"{network}: {string.Join(", ", deviations)}";
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("PARITY_REPORT") is { Length: > 0 } report)
            File.AppendAllText(report, line + Environment.NewLine);
    }

    private static double Deviation(Tensor ours, Tensor theirs)
    {
        using var scope = NewDisposeScope();
        var reference = theirs.to(ScalarType.Float64);
        double difference = ours.to(ScalarType.Float64).sub(reference).abs().max().ToDouble();
        double deviation = difference == 0 ? 0 : difference / reference.abs().max().ToDouble();
        // A comparison with NaN would pass.
        return double.IsNaN(deviation) ? double.PositiveInfinity : deviation;
    }
}
