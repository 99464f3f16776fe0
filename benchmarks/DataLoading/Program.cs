using System.Globalization;
using Benchmarks.DataLoading;

// Data loading beside torchvision's ImageFolder and DataLoader, on the same files and processors:
//
//   Benchmarks.DataLoading [--photographs FOLDER] [--cifar FOLDER] [--rounds N] [--seconds S] [--output FILE]
//   Benchmarks.DataLoading measure FOLDER|PACK train|eval|cifar BATCH WORKERS SECONDS       one side of one measurement, as a JSON line
//
// It makes JPEG files of its own where no folder is given. PARITY_PYTHON names another Python with torchvision than Debian's.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    if (args is ["measure", var data, var kind, var batch, var workers, var seconds])
    {
        Loading.Measure(data, kind, int.Parse(batch, CultureInfo.InvariantCulture), int.Parse(workers, CultureInfo.InvariantCulture), double.Parse(seconds, CultureInfo.InvariantCulture));
        return 0;
    }
    new Comparison(Settings.Parse(args)).Run();
    return 0;
}
catch (Exception e) when (e is ArgumentException or IOException or InvalidOperationException or ResNet.Training.Data.DatasetException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
