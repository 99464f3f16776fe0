using System.Buffers.Binary;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Reports.Charts;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop.Results;
using static ResNet.Training.Reports.Charts.Html;
using static ResNet.Training.Reports.HtmlPage;

namespace ResNet.Training.Reports;

/// <summary>
/// Creates HTML pages of runs. A page needs no other file, supports light and dark mode and narrow screens, and also contains its numbers
/// as JSON, in the element <c>metrics</c>.
/// </summary>
public static class HtmlReport
{
    // The colours of all charts: the training images; the weights, and their average, on the evaluation images.
    private const int Training = 0;
    private const int Weights = 1;
    private const int Averaged = 2;

    private const int WorstClasses = 12;

    // The rules of the table of thresholds.
    private static readonly ThresholdRule[] s_rules =
    [
        ThresholdRule.F1, ThresholdRule.BalancedAccuracy, ThresholdRule.PrecisionAtLeast(0.9), ThresholdRule.RecallAtLeast(0.9),
        ThresholdRule.RecallAtLeast(0.95),
    ];

    // A table of more classes would make the page too large.
    private const int MostClasses = 100;
    private const int Confusions = 12;

    // Longer tables are collapsed.
    private const int OpenRows = 12;

    /// <summary>Creates the page of a run: its curves, confusion matrix, most confident mistakes, settings and environment.</summary>
    /// <param name="content">The content.</param>
    /// <returns>An HTML page.</returns>
    /// <exception cref="ArgumentException">The evaluation's number of classes differs from the number of names.</exception>
    public static string Create(ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (content.Evaluation is { Confusion.Classes: > 0 and var classes } && classes != content.Classes.Count)
        {
            throw new ArgumentException(
                $"The evaluation is of {classes} classes, but there are {content.Classes.Count} class names: give one for each.",
                nameof(content));
        }
        var best = BestEpoch.Of(content.Epochs);
        bool hasTop5 = EvaluationResult.HasTop5Of(content.Classes.Count);
        string body = NoteList([.. content.Notes, .. Collapses(content)])
            + Section(
                "Training",
                Grid("charts", Charts(content, best, hasTop5)),
                Unmeasured(content),
                EpochTable(content.Epochs, best, hasTop5))
            + (content.Images ?? ImagesSection.Write(content.Manifest, content.Classes))
            + Section("First batch of training", SampleNote(content.Samples), Grid("samples", content.Samples.Select(Card)))
            + Errors(content)
            + Test(content)
            + Section(
                "Settings and environment",
                Grid("tables", Pairs("Settings", content.Settings), Pairs("Environment", content.Environment)))
            + MetricsBlock.Write([(content.Title, content.Epochs)], content.Evaluation, content.Test);
        return HtmlPage.Create("Training report", content.Title, content.Subtitle, KeyFigures(content, best), body);
    }

    /// <summary>Creates the page of several runs side by side: their results, the settings that differ, and their curves.</summary>
    /// <param name="comparison">The runs.</param>
    /// <returns>An HTML page.</returns>
    public static string Compare(RunComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var runs = comparison.Runs;
        string[] headings = ["", .. runs.Select((run, i) => $"{Key(i)}{Text(run.Name)}")];
        string body = Section("Results", Note(), Table("Results", headings, Rows(comparison.Results), "numbers wide"))
            + Section(
                "Curves",
                Grid(
                    "charts",
                    Chart("Validation top-1, in percent", epoch => epoch.Top1, Figures.Percent, most: 100),
                    Chart("Validation top-1 of the averaged weights, in percent", epoch => epoch.AverageTop1, Figures.Percent, most: 100),
                    Chart("Validation loss", epoch => epoch.ValidationLoss, Figures.Loss),
                    Chart("Training loss", epoch => epoch.TrainLoss, Figures.Loss),
                    Chart("Learning rate", epoch => epoch.LearningRate, Figures.Rate, least: 0),
                    Chart("Training speed, in images per second", epoch => epoch.ImagesPerSecond, Figures.Speed, least: 0)))
            + Differences(comparison.Differences)
            + MetricsBlock.Write([.. runs.Select(run => (run.Name, run.Epochs))]);
        string name = runs.Count == 1 ? runs[0].Name : $"{Figures.Whole(runs.Count)} runs side by side";
        return HtmlPage.Create("Comparison", name, null, comparison.IsRanked ? BestOf(runs) : [], body);

        static string Key(int run) => LineChart.Swatch(new ChartLine("", run, []) { IsDashed = run >= ChartLine.Colours });

        string Note() => comparison.ImagesNote is { } note ? $"<p class=\"warning\">{Text(note)}</p>\n" : "";

        string Differences(IReadOnlyList<ComparedValues> rows) => rows.Count == 0
            ? ""
            : Section("Settings that differ", Table("Settings that differ", headings, Rows(rows), "words wide"));

        string Chart(
            string title,
            Func<EpochMetrics, double?> value,
            Func<double?, string> format,
            double? least = null,
            double? most = null)
        {
            var lines = runs.Select((run, i) => Line(run.Name, i, run.Epochs, value) with { IsDashed = i >= ChartLine.Colours });
            return new LineChart(title, [.. lines], format) { Least = least, Most = most }.Draw();
        }

        static IEnumerable<IReadOnlyList<string>> Rows(IEnumerable<ComparedValues> rows) =>
            rows.Select(row => (string[])[Text(row.Name), .. row.Values.Select(value => Text(value))]);
    }

    private static IEnumerable<(string Value, string Name)> BestOf(IReadOnlyList<ComparedRun> runs)
    {
        if (runs.Where(run => run.Best is not null).MaxBy(run => run.Best!.Value.Top1) is { Best: { } best } first)
            yield return (Figures.Percent(best.Top1), $"best top-1: {first.Name}, {Name(best)}");
        if (runs.Where(run => double.IsFinite(run.FinalValidationLoss)).MinBy(run => run.FinalValidationLoss) is { } lowest)
            yield return (Figures.Loss(lowest.FinalValidationLoss), $"lowest final validation loss: {lowest.Name}");
    }

    private static IEnumerable<(string Value, string Name)> KeyFigures(ReportContent content, BestEpoch? best)
    {
        if (best is { } top)
        {
            yield return (Figures.Percent(top.Top1), $"best top-1, {Name(top)}");
            yield return (Figures.Loss(top.Loss), "validation loss of that epoch");
            if (content.Test is { } test) yield return (Figures.Percent(test.Top1), $"top-1 on {Figures.Whole(test.Images)} test images");
        }
        else if (content.Epochs.Count > 0)
        {
            yield return (Figures.Loss(content.Epochs[^1].TrainLoss), $"training loss, epoch {content.Epochs[^1].Epoch}");
        }
        if (content.Evaluation is { } balanced && double.IsFinite(balanced.BalancedAccuracy))
        {
            yield return (Figures.Percent(balanced.BalancedAccuracy), "balanced accuracy");
            yield return (Figures.Share(balanced.MacroF1), "mean F1 of the classes");
        }
        if (content.Evaluation?.Binary is { } binary && double.IsFinite(binary.RocAuc))
            yield return (Figures.Share(binary.RocAuc), "area under the ROC curve");
        if (content.Evaluation is { } evaluation && double.IsFinite(evaluation.CalibrationError))
            yield return (Figures.Share(evaluation.CalibrationError), "calibration error");
        if (content.Duration is { } duration)
        {
            string epochs = content.Epochs.Count == 1 ? "for 1 epoch" : $"for {Figures.Whole(content.Epochs.Count)} epochs";
            yield return (Figures.Duration(duration), epochs);
        }
        double speed = Figures.Median(content.Epochs.Select(epoch => epoch.ImagesPerSecond));
        if (double.IsFinite(speed)) yield return (Figures.Speed(speed), "images per second in training");
        if (content.Epochs.Max(epoch => epoch.PeakMemoryBytes) is { } bytes)
            yield return (Figures.Memory(bytes), "peak memory of the process");
        if (content.Epochs.Max(epoch => epoch.Processes) is { } processes)
        {
            string waited = Figures.Duration(TimeSpan.FromSeconds(content.Epochs.Sum(epoch => epoch.WaitingSeconds ?? 0)));
            yield return (Figures.Whole(processes), $"processes, of which the first waited {waited}");
        }
    }

    private static string Name(BestEpoch best) => $"{(best.IsAverage ? "averaged weights" : "weights")} of epoch {best.Epoch}";

    private static IEnumerable<string> Charts(ReportContent content, BestEpoch? best, bool hasTop5)
    {
        var epochs = content.Epochs;
        var places = new StepPlaces(epochs, content.Steps);
        ChartLine[] losses =
        [
            new("each step", Training, places.Thinned(step => step.Loss)) { IsFaint = true },
            Line("training", Training, epochs, epoch => epoch.TrainLoss),
            Line("validation", Weights, epochs, epoch => epoch.ValidationLoss),
            Line("validation, averaged weights", Averaged, epochs, epoch => epoch.AverageLoss),
        ];
        yield return new LineChart("Loss", losses, Figures.Loss).Draw();
        ChartLine[] accuracies =
        [
            Line("training top-1", Training, epochs, epoch => epoch.TrainTop1),
            Line("top-1", Weights, epochs, epoch => epoch.Top1),
            Line("top-5", Weights, epochs, epoch => hasTop5 ? epoch.Top5 : null) with { IsDashed = true },
            Line("top-1, averaged weights", Averaged, epochs, epoch => epoch.AverageTop1),
            Line("top-5, averaged weights", Averaged, epochs, epoch => hasTop5 ? epoch.AverageTop5 : null) with { IsDashed = true },
        ];
        (double, double)? marked = best is { } top ? (top.Epoch, top.Top1) : null;
        string of = !accuracies[0].HasPoints ? "Validation accuracy" : accuracies.Skip(1).Any(line => line.HasPoints) ? "Accuracy"
            : "Training accuracy";
        yield return new LineChart($"{of}, in percent", accuracies, Figures.Percent) { Most = 100, Marked = marked }.Draw();
        var rates = places.Thinned(step => step.LearningRate);
        var rate = rates.Count > epochs.Count
            ? new ChartLine("learning rate", Training, rates)
            : Line("learning rate", Training, epochs, epoch => epoch.LearningRate);
        yield return new LineChart("Learning rate", [rate], Figures.Rate) { Least = 0 }.Draw();
        var speed = Line("images per second", Training, epochs, epoch => epoch.ImagesPerSecond);
        yield return new LineChart("Training speed, in images per second", [speed], Figures.Speed) { Least = 0 }.Draw();
    }

    private static string Unmeasured(ReportContent content)
    {
        if (content.Epochs.Count == 0 || content.Epochs.Any(epoch => epoch.TrainTop1 is not null)) return "";
        string reason = content.MixesImages ? " Images that Mixup or CutMix combine have no single class." : "";
        return $"<p class=\"note\">Training accuracy: not measured.{reason}</p>\n";
    }

    private static ChartLine Line(string name, int colour, IReadOnlyList<EpochMetrics> epochs, Func<EpochMetrics, double?> value) =>
        new(name, colour, [.. epochs.Select(epoch => ((double)epoch.Epoch, value(epoch) ?? double.NaN))]);

    private static string EpochTable(IReadOnlyList<EpochMetrics> epochs, BestEpoch? best, bool hasTop5)
    {
        if (epochs.Count == 0) return "";
        bool hasAverage = epochs.Any(epoch => epoch.AverageTop1 is { } top1 && double.IsFinite(top1));
        string[] headings =
        [
            "epoch", "steps", "train loss", "train top-1", "val loss", "top-1", .. hasTop5 ? ["top-5"] : Array.Empty<string>(),
            .. hasAverage ? ["avg loss", "avg top-1"] : Array.Empty<string>(),
            .. hasAverage && hasTop5 ? ["avg top-5"] : Array.Empty<string>(),
            "learning rate", "images/s",
        ];
        var rows = epochs.Select(epoch => (string[])
        [
            epoch.Epoch == best?.Epoch ? $"<strong>{epoch.Epoch}</strong>" : $"{epoch.Epoch}",
            epoch.Steps > 0 ? Figures.Whole(epoch.Steps) : Figures.None,
            Figures.Loss(epoch.TrainLoss), epoch.TrainTop1 is { } top1 && double.IsFinite(top1) ? Figures.Percent(top1) : "not measured",
            Figures.Loss(epoch.ValidationLoss), Figures.Percent(epoch.Top1),
            .. hasTop5 ? [Figures.Percent(epoch.Top5)] : Array.Empty<string>(),
            .. hasAverage ? [Figures.Loss(epoch.AverageLoss), Figures.Percent(epoch.AverageTop1)] : Array.Empty<string>(),
            .. hasAverage && hasTop5 ? [Figures.Percent(epoch.AverageTop5)] : Array.Empty<string>(),
            Figures.Rate(epoch.LearningRate), Figures.Speed(epoch.ImagesPerSecond),
        ]);
        string table = Table("Metrics of each epoch", headings, rows, "numbers epochs");
        return $"<details{(epochs.Count <= OpenRows ? " open" : "")}><summary>All epochs</summary>\n{table}</details>\n";
    }

    private static string Errors(ReportContent content)
    {
        if (content.Evaluation is not { } evaluation) return "";
        string of = Lead(evaluation, content.EvaluationOf);
        var (confusion, classes) = (evaluation.Confusion, content.Classes);
        return Section(
                "Evaluation",
                of,
                Grid("matrices", ConfusionFigure.Draw(confusion, classes), ReliabilityFigure.Draw(evaluation.Calibration)))
            + Thresholds(evaluation, classes)
            + Section("Hardest classes", Grid("tables", ClassTable(confusion, classes), ConfusionTable(confusion, classes)),
                AllClasses(confusion, classes))
            + Section(
                "Most confident mistakes",
                MistakeNote(content.Mistakes),
                Grid("mistakes", content.Mistakes.Select((mistake, i) => Card(mistake, i, content.Manifest))));
    }

    private static string Thresholds(EvaluationResult evaluation, IReadOnlyList<string> classes)
    {
        if (evaluation.Binary is not { Points.Count: > 0 } curves) return "";
        string name = Text(classes[curves.PositiveClass]);
        var rows = s_rules.Select(rule => curves.Choose(rule) is { } point
            ? (string[])
            [
                Text($"{rule}"), Figures.Loss(point.Threshold), Figures.Share(point.Precision), Figures.Share(point.Recall),
                Figures.Share(point.F1), Figures.Share(point.BalancedAccuracy),
            ]
            : [Text($"{rule}"), .. Enumerable.Repeat(Figures.None, 5)]);
        return Section(
            "Thresholds",
            $"<p class=\"lead\">The positive class is {name}, with {Figures.Whole(curves.Positives)} images; the other one has "
                + $"{Figures.Whole(curves.Negatives)}. An image is predicted as {name} if the probability of {name} is at least the "
                + "threshold.</p>\n",
            Grid("charts", BinaryFigures.Draw(curves)),
            Table(
                "Thresholds chosen on these images", ["chosen for", "threshold", "precision", "recall", "F1", "balanced accuracy"], rows));
    }

    private static string Test(ReportContent content) => content.Test is not { } test
        ? ""
        : Section("Test", Lead(test, "the best weights"), Grid("tables", ClassTable(test.Confusion, content.Classes)));

    private static string Lead(EvaluationResult result, string? of)
    {
        string loss = Figures.Loss(result.Loss), top1 = Figures.Percent(result.Top1);
        string top5 = result.HasTop5 ? $", top-5 {Figures.Percent(result.Top5)}" : "";
        string balanced = double.IsFinite(result.BalancedAccuracy)
            ? $", balanced accuracy {Figures.Percent(result.BalancedAccuracy)}, mean F1 {Figures.Share(result.MacroF1)}"
            : "";
        string found = $"loss {loss}, top-1 {top1}{top5}{balanced}".Replace(" %", "&nbsp;%", StringComparison.Ordinal);
        string weights = of is null ? "" : $", {Text(of)}";
        return $"<p class=\"lead\">{Figures.Whole(result.Images)} images{weights}: {found}.</p>\n";
    }

    private static string NoteList(IReadOnlyList<string> notes) => notes.Count == 0
        ? ""
        : Section("Notes", $"<ul class=\"notes\">{string.Concat(notes.Select(note => $"<li>{Text(note)}</li>"))}</ul>\n");

    private static IEnumerable<string> Collapses(ReportContent content)
    {
        if (content.Evaluation?.DescribeCollapse(content.Classes) is { } evaluation) yield return $"Evaluation: {evaluation}";
        if (content.Test?.DescribeCollapse(content.Classes) is { } test) yield return $"Test: {test}";
    }

    private static string ClassTable(ConfusionMatrix confusion, IReadOnlyList<string> classes)
    {
        var worst = confusion.PerClass.Where(row => row.Support > 0).OrderBy(row => row.F1).Take(WorstClasses).ToList();
        if (worst.Count == 0) return "";
        return ClassTable("Classes with the lowest F1", worst, classes);
    }

    // Classes without images may be predicted, so they have a row too.
    private static string AllClasses(ConfusionMatrix confusion, IReadOnlyList<string> classes) =>
        confusion.PerClass.Count is <= WorstClasses or > MostClasses
            ? ""
            : $"<details><summary>All classes</summary>\n{ClassTable("All classes", confusion.PerClass, classes)}</details>\n";

    private static string ClassTable(string caption, IReadOnlyList<ClassMetrics> metrics, IReadOnlyList<string> classes)
    {
        var rows = metrics.Select(row => (string[])
        [
            Text(classes[row.Class]),
            Figures.Whole(row.Support),
            Figures.Share(row.Precision),
            Figures.Share(row.Recall),
            Figures.Share(row.F1),
        ]);
        return Table(caption, ["class", "images", "precision", "recall", "F1"], rows);
    }

    private static string ConfusionTable(ConfusionMatrix confusion, IReadOnlyList<string> classes)
    {
        var wrong = confusion.Cells.Where(cell => cell.Class != cell.Predicted);
        var most = wrong.OrderByDescending(cell => cell.Count).Take(Confusions).ToList();
        if (most.Count == 0) return "";
        var rows = most.Select(cell => (string[])
        [
            Text(classes[cell.Class]),
            Text(classes[cell.Predicted]),
            Figures.Whole(cell.Count),
            Figures.Share((double)cell.Count / confusion.PerClass[cell.Class].Support),
        ]);
        return Table("Most frequent confusions", ["class", "predicted as", "images", "share"], rows, "numbers pair");
    }

    private static string SampleNote(IReadOnlyList<ReportSample> samples) => samples.Count == 0
        ? ""
        : $"<p class=\"lead\">The first {(samples.Count == 1 ? "image" : $"{samples.Count} images")} as the network saw them, augmented, "
            + "with their classes.</p>\n";

    private static string Card(ReportSample sample)
    {
        string type = IsSmall(sample.Picture.Span) ? " class=\"pixels\"" : "";
        return $"<figure class=\"sample\"><img{type} src=\"{Png(sample.Picture)}\" alt=\"{Text(sample.Classes)}\">"
            + $"<figcaption>{Text(sample.Classes)}</figcaption></figure>\n";
    }

    private static string MistakeNote(IReadOnlyList<ReportMistake> mistakes) => mistakes.Count == 0
        ? ""
        : "<p class=\"lead\">Left: the input of the network. Right: the Grad-CAM heat map of the predicted class, "
            + "from blue (no evidence for the class) to red (the most evidence).</p>\n";

    private static string Card(ReportMistake mistake, int index, DatasetManifest? manifest)
    {
        string path = ImagePaths.Breakable(ImagePaths.Find(mistake.Name, manifest));
        var (actual, predicted) = (Text(mistake.Class), Text(mistake.Predicted));
        return $"<figure class=\"mistake\">{Picture(mistake, index, $"{actual} predicted as {predicted}")}<figcaption>"
            + $"<span class=\"classes\">{actual} <span class=\"arrow\">predicted as</span> <strong>{predicted}</strong></span> "
            + $"<span class=\"probability\">{Figures.Share(mistake.Probability)}</span>"
            + $"<span class=\"file\" title=\"{Text(ImagePaths.Whole(mistake.Name))}\">{path}</span>"
            + "</figcaption></figure>\n";
    }

    // The page contains the picture once and shows it twice.
    private static string Picture(ReportMistake mistake, int index, string label)
    {
        if (mistake.Picture.IsEmpty) return "";
        string type = IsSmall(mistake.Picture.Span) ? " class=\"pixels\"" : "";
        return $"<svg viewBox=\"0 0 204 100\" role=\"img\" aria-label=\"{label}: the picture and its heat map\">"
            + $"<image id=\"picture{index}\"{type} width=\"100\" height=\"100\" href=\"{Png(mistake.Picture)}\"/>"
            + $"<use href=\"#picture{index}\" x=\"104\"/>"
            + $"<image class=\"heat\" x=\"104\" width=\"100\" height=\"100\" href=\"{Png(mistake.HeatMap)}\"/></svg>\n";
    }

    // Small pictures are shown with visible pixels; the width is the first number of a PNG's header.
    private static bool IsSmall(ReadOnlySpan<byte> png) => png.Length >= 24 && BinaryPrimitives.ReadInt32BigEndian(png[16..]) <= 64;

    private static string Pairs(string caption, IReadOnlyList<(string Name, string Value)> pairs) =>
        pairs.Count == 0 ? "" : Table(caption, [], pairs.Select(pair => (string[])[Text(pair.Name), Text(pair.Value)]), "words");
}
