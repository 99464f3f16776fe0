using System.Globalization;
using Benchmarks.Training;

// Training beside PyTorch, with the same libtorch and as many threads, on the same images from the same weights:
//
//   Training [--job NAME] [--rounds N] [--seconds S] [--heap yes|no] [--output FILE]
//   Training measure JOB FOLDER|PACK WEIGHTS SECONDS       our side of one measurement, as a JSON line
//
// The jobs are resnet18, resnet20 and fashion-mnist. PARITY_PYTHON names another Python with torchvision than Debian's.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    if (args is ["measure", var job, var data, var weights, var seconds])
    {
        OurSide.Measure(Job.Find(job), data, weights, double.Parse(seconds, CultureInfo.InvariantCulture));
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
