using System.Globalization;
using System.Text;
using ResNet.Core;

namespace DegradationStudy;

/// <summary>All errors measured so far, in <c>degradation.csv</c>.</summary>
internal sealed class ErrorTable
{
    private const string Header = "network,step,training_error,test_error";

    private readonly string _path;
    private readonly SortedDictionary<(int Network, long Step), ErrorPoint> _points = [];

    /// <summary>Reads the errors that a study has measured before.</summary>
    internal ErrorTable(string folder)
    {
        _path = Path.Combine(folder, "degradation.csv");
        if (!File.Exists(_path)) return;
        string[] lines = File.ReadAllLines(_path);
        foreach (string line in lines.Skip(1)) Put(Parse(line));
    }

    /// <summary>The errors of all networks, one network after the other, in the order of steps.</summary>
    internal IReadOnlyCollection<ErrorPoint> Points => _points.Values;

    /// <summary>Returns the errors of a network, in the order of steps.</summary>
    internal List<ErrorPoint> Of(string network) => [.. Points.Where(point => point.Network == network)];

    internal bool Has(string network, long step) => _points.ContainsKey((Order(network), step));

    internal void Add(ErrorPoint point)
    {
        Put(point);
        var text = new StringBuilder(Header).Append('\n');
        foreach (var (network, step, training, test) in Points)
            text.Append(CultureInfo.InvariantCulture, $"{network},{step},{training:0.###},{test:0.###}\n");
        AtomicFile.Write(_path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private void Put(ErrorPoint point) => _points[(Order(point.Network), point.Step)] = point;

    private ErrorPoint Parse(string line)
    {
        if (line.Split(',') is [var network, var step, var training, var test] && Order(network) >= 0
            && long.TryParse(step, CultureInfo.InvariantCulture, out long number)
            && double.TryParse(training, CultureInfo.InvariantCulture, out double trainingError)
            && double.TryParse(test, CultureInfo.InvariantCulture, out double testError))
            return new(network, number, trainingError, testError);
        throw new StudyException(
            $"'{_path}' has the line '{line}', which is not what this program writes: restore the file, "
            + "or delete it and the checkpoints beside it.");
    }

    private static int Order(string network) => Array.IndexOf(Study.Networks, network);
}
