using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ResNet.Imaging.Decoding;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Charts;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Tests.Reports;

public sealed class HtmlReportTests : IDisposable
{
    private const string Hostile = "<script>document.title = 'taken'; throw 1;</script>\"'&\u0001";
    private const string Escaped = "&lt;script&gt;document.title = &#39;taken&#39;; throw 1;&lt;/script&gt;&quot;&#39;&amp;\uFFFD";

    // The second epoch was not evaluated.
    private const string Metrics = """
        epoch,steps,train_loss,train_top1,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second
        1,40,2.512345,11.25,2.25,12.3,51.75,2.5,10.1,50.2,0.1,512.4
        2,80,1.75,,,,,,,,0.05,498.6
        3,1200,1.123456,58.5,1.5,61.25,95,1.25,63.57,96.5,0.000012,505

        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ChromiumFact]
    public void The_page_renders_without_console_errors_and_shows_the_numbers_of_the_metrics_file() => ShowsTheMetricsFile(classes: 2);

    [ChromiumFact]
    public void The_page_of_six_classes_also_shows_top_5() => ShowsTheMetricsFile(classes: 6);

    private void ShowsTheMetricsFile(int classes)
    {
        var epochs = Read(Metrics);
        var (page, console) = Load(HtmlReport.Create(Content(epochs, classes)));
        console.Should().BeEmpty();
        // Chromium only escapes these three characters between tags.
        string title = WebUtility.HtmlDecode(Escaped)
            .Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
        page.Should().Contain($"<title>{title} – Training report</title>");
        // The page's script replaces the browser's tooltips.
        Regex.Matches(page, "class=\"place\"").Should().NotBeEmpty();
        page.Should().NotMatchRegex("class=\"place\"[^>]*><title>");
        page.Should().NotContain("NaN").And.NotContain("Infinity");

        string[][] rows = [.. Metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(','))];
        ShownRows(page).Should().HaveSameCount(rows);
        string[] columns = Metrics.Split('\n')[0].Split(',');
        foreach (var (shown, stored) in ShownRows(page).Zip(rows))
        {
            ShouldShow(shown, [.. stored.Where((_, i) => classes > 5 || !columns[i].EndsWith("top5", StringComparison.Ordinal))]);
            if (stored[3].Length == 0) shown[3].Should().Be("not measured");
        }
        Regex.Replace(page, "<script.*?</script>", "", RegexOptions.Singleline).Contains("top-5", StringComparison.Ordinal)
            .Should().Be(classes > 5);
        ShouldBeTheSame(Block(page).GetProperty("runs")[0].GetProperty("epochs"), rows);
        page.Should().Contain("<dd>63.57 %</dd>").And.Contain("best top-1, averaged weights of epoch 3");
    }

    [ChromiumFact]
    public void A_comparison_renders_without_console_errors()
    {
        var epochs = Read(Metrics);
        var comparison = new RunComparison(
            [.. Enumerable.Range(0, 10).Select(i => new ComparedRun($"{Hostile} {i}", epochs, [(Hostile, $"{i} {Hostile}")]))]);
        var (page, console) = Load(HtmlReport.Compare(comparison));
        console.Should().BeEmpty();
        page.Should().Contain("63.57 %").And.Contain("10 runs side by side");
        Block(page).GetProperty("runs").GetArrayLength().Should().Be(10);
    }

    [ChromiumFact]
    public void Errors_of_a_page_would_be_noticed()
    {
        Load("<script>throw new Error('deliberate');</script>").Console.Should().ContainSingle().Which.Should().Contain("deliberate");
        // The page's policy forbids other scripts and downloads.
        string report = HtmlReport.Create(Content([]));
        Load(report.Replace("</main>", "<script>document.title = 'taken';</script></main>", StringComparison.Ordinal)).Console
            .Should().NotBeEmpty();
        Load(report.Replace("</main>", "<img src=\"https://example.com/x.png\" alt=\"\"></main>", StringComparison.Ordinal)).Console
            .Should().NotBeEmpty();
    }

    [Fact]
    public void Nothing_that_comes_from_outside_becomes_part_of_the_page()
    {
        string page = HtmlReport.Create(Content(Read(Metrics)));
        page.Should().Contain(Escaped).And.NotContain("<script>document").And.NotContain("\u0001");
        Regex.Matches(page, "<script").Should().HaveCount(2);
        page.Should().NotMatchRegex("(href|src)=\"(?!data:|#)");
        page.Should().NotMatchRegex("url\\(|@import");
        string compared = HtmlReport.Compare(
            new RunComparison([new ComparedRun(Hostile, [], [(Hostile, "1")]), new ComparedRun("b", [], [(Hostile, Hostile)])]));
        compared.Should().Contain(Escaped).And.NotContain("<script>document");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.MaxValue)]
    [InlineData(0)]
    public void Numbers_that_cannot_be_drawn_do_not_break_the_page(double value)
    {
        var result = new EvaluationResult(value, value, value, 0, value);
        EpochMetrics[] epochs = [.. Enumerable.Range(1, 3).Select(epoch => new EpochMetrics
        {
            Epoch = epoch, TrainLoss = value, LearningRate = value, ImagesPerSecond = value, Evaluation = result,
            AverageEvaluation = result,
        })];
        var steps = new[] { new StepMetrics(1, 1, value, value), new StepMetrics(7, 3, 0.5, value) };
        string page = HtmlReport.Create(new ReportContent { Title = "x", Epochs = epochs, Steps = steps, Evaluation = result });
        page.Should().NotContain("NaN").And.NotContain("∞").And.NotContain("Infinity");
        Block(page).GetProperty("runs")[0].GetProperty("epochs").GetArrayLength().Should().Be(3);
    }

    [Fact]
    public void Lines_have_gaps_where_nothing_was_evaluated_and_a_single_epoch_is_a_point()
    {
        var gap = new LineChart("x", [new ChartLine("a", 0, [(1, 5), (2, 6), (3, double.NaN), (4, 7), (5, 8)])], Figures.Loss).Draw();
        Regex.Matches(Regex.Match(gap, "class=\"line s0\" d=\"([^\"]*)\"").Groups[1].Value, "M").Should().HaveCount(2);
        Regex.Matches(gap, "<circle class=\"mark").Should().HaveCount(4);
        var point = new LineChart(
            "x", [new ChartLine("a", 0, [(1, 5)]), new ChartLine("b", 1, [(1, 6)]) { IsDashed = true }], Figures.Loss).Draw();
        Regex.Matches(point, "<circle class=\"mark").Should().HaveCount(2);
        new LineChart("x", [new ChartLine("a", 0, [(1, double.NaN)])], Figures.Loss).Draw().Should().BeEmpty();
    }

    [Fact]
    public void A_thousand_classes_are_drawn_by_those_that_are_most_often_taken_for_each_other()
    {
        int[] actual = [.. Enumerable.Range(0, 1000), 7, 7, 7, 990, 990];
        int[] predicted = [.. Enumerable.Range(0, 1000), 500, 500, 500, 3, 3];
        var confusion = new ConfusionMatrix(1000, actual, predicted);
        ConfusionFigure.Shown(confusion).Should().HaveCount(ConfusionFigure.MostClasses)
            .And.Contain([3, 7, 500, 990]).And.BeInAscendingOrder();
        string[] classes = [.. Enumerable.Range(0, 1000).Select(i => $"class {i}")];
        string page = HtmlReport.Create(
            new ReportContent
            {
                Title = "x",
                Epochs = [],
                Classes = classes,
                Evaluation = new EvaluationResult(1, 99, 100, 1005, 10) { Confusion = confusion },
            });
        Regex.Matches(page, "<rect class=\"cell").Should().HaveCount(400);
        page.Should().Contain("class 7 predicted as class 500: 3 of 4");
        page.Should().NotContain("<summary>All classes</summary>");
        page.Length.Should().BeLessThan(200_000);
    }

    [Fact]
    public void Balanced_accuracy_mean_F1_and_the_images_of_each_class_are_shown()
    {
        // 90 images of one class are recognised, and 1 of 10 of the other.
        int[] actual = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 10)], predicted = [.. Enumerable.Repeat(0, 99), 1];
        var confusion = new ConfusionMatrix(2, actual, predicted);
        var evaluation = new EvaluationResult(1, 91, 100, 100, 10)
        {
            Confusion = confusion, BalancedAccuracy = 100 * confusion.BalancedAccuracy, MacroF1 = confusion.MacroF1,
        };
        string page = HtmlReport.Create(
            new ReportContent { Title = "x", Epochs = [], Classes = ["healthy", "ill"], Evaluation = evaluation });
        page.Should().Contain("<dd>55.00 %</dd><dt>balanced accuracy</dt>")
            .And.Contain("balanced accuracy 55.00&nbsp;%, mean F1 56.7&nbsp;%");
        page.Should().Contain(">90<").And.Contain(">10<").And.NotContain("All classes");
        Block(page).GetProperty("evaluation").GetProperty("balanced_accuracy").GetDouble().Should().BeApproximately(55, 1e-9);
        // (2 * 90 / (90 + 99) + 2 / (10 + 1)) / 2
        Block(page).GetProperty("evaluation").GetProperty("macro_f1").GetDouble().Should().BeApproximately(0.567099567, 1e-9);
    }

    [Fact]
    public void More_classes_than_the_hardest_are_in_a_table_of_their_own()
    {
        int[] actual = [.. Enumerable.Range(0, 13)];
        var evaluation = new EvaluationResult(1, 100, 100, 13, 10) { Confusion = new ConfusionMatrix(13, actual, actual) };
        string[] classes = [.. actual.Select(i => $"class {i}")];
        string page = HtmlReport.Create(new ReportContent { Title = "x", Epochs = [], Classes = classes, Evaluation = evaluation });
        string table = page[page.IndexOf("<summary>All classes</summary>", StringComparison.Ordinal)..];
        table = table[..table.IndexOf("</table>", StringComparison.Ordinal)];
        classes.Should().OnlyContain(name => table.Contains($">{name}<"));
    }

    [Fact]
    public void Two_classes_have_curves_and_a_table_of_thresholds()
    {
        var evaluation = new EvaluationResult(1, 75, 100, 4, 10)
        {
            Confusion = new ConfusionMatrix(2, [0, 0, 1, 1], [0, 0, 0, 1]),
            Binary = new BinaryCurves([0.1f, 0.4f, 0.35f, 0.8f], [false, false, true, true]),
        };
        string page = HtmlReport.Create(
            new ReportContent { Title = "x", Epochs = [], Classes = ["healthy", "ill"], Evaluation = evaluation });
        page.Should().Contain("ROC curve, area 75.0 %").And.Contain("Precision-recall curve, average precision 83.3 %")
            .And.Contain("The positive class is ill, with 2 images; the other one has 2.");
        page.Should().Contain("<dd>75.0 %</dd><dt>area under the ROC curve</dt>");
        // F1 is highest at a threshold of 0.225, where the precision is 2/3 and the recall 1.
        string row = Regex.Match(page, "<tr><t[hd][^>]*>f1</t[hd]>.*?</tr>", RegexOptions.Singleline).Value;
        row.Should().Contain("0.2250").And.Contain("66.7 %").And.Contain("100.0 %").And.Contain("80.0 %");
        Block(page).GetProperty("evaluation").GetProperty("roc_auc").GetDouble().Should().BeApproximately(0.75, 1e-12);
        Block(page).GetProperty("evaluation").GetProperty("average_precision").GetDouble().Should().BeApproximately(5.0 / 6, 1e-12);
    }

    [Fact]
    public void A_collapse_to_one_class_is_noted_at_the_top()
    {
        var sound = new EvaluationResult(1, 100, 100, 4, 10) { Confusion = new ConfusionMatrix(2, [0, 0, 1, 1], [0, 0, 1, 1]) };
        var collapsed = sound with { Confusion = new ConfusionMatrix(2, [0, 0, 1, 1], [1, 1, 1, 1]) };
        string page = HtmlReport.Create(Content(sound, collapsed));
        page.Should().Contain("<li>Test: All 4 images are predicted as &#39;&lt;ill&gt;&#39;, although they are of 2 classes: ")
            .And.NotContain("<li>Evaluation:");
        HtmlReport.Create(Content(collapsed, sound)).Should().Contain("<li>Evaluation: All 4 images are predicted as ");
        HtmlReport.Create(Content(sound, sound)).Should().NotContain("collapsed");

        static ReportContent Content(EvaluationResult evaluation, EvaluationResult test) =>
            new() { Title = "x", Epochs = [], Classes = ["healthy", "<ill>"], Evaluation = evaluation, Test = test };
    }

    [Fact]
    public void Images_of_each_class_and_split_are_counted()
    {
        string page = HtmlReport.Create(new ReportContent
        {
            Title = "x", Epochs = [], Classes = ["dog", "<cat>"],
            Manifest = new DatasetManifest(
            [
                Image(DatasetSplit.Train, "dog", "train/dog/1.png", 1), Image(DatasetSplit.Train, "dog", "train/dog/2.png", 2),
                Image(DatasetSplit.Train, "<cat>", "train/<cat>/1.png", 3), Image(DatasetSplit.Validation, "<cat>", "val/<cat>/1.png", 4),
                Image(DatasetSplit.Test, "dog", "test/dog/1.png", 5),
            ]),
        });
        string table = Regex.Match(page, "<caption>Images of each class</caption>.*?</table>", RegexOptions.Singleline).Value;
        Regex.Matches(table, "<tr>(.*?)</tr>").Select(row => string.Join(
                " ",
                Regex.Matches(row.Value, "<t[hd][^>]*>(.*?)</t[hd]>").Select(cell => Regex.Replace(cell.Groups[1].Value, "<[^>]*>", ""))))
            .Should().Equal("class training validation test", "dog 2 0 1", "&lt;cat&gt; 1 1 0", "all 3 1 1");
        page.Should().Contain("No image is there more than once.");
    }

    [Fact]
    public void Images_that_are_there_more_than_once_are_listed_and_those_that_were_trained_on_come_first()
    {
        string page = HtmlReport.Create(new ReportContent
        {
            Title = "x", Epochs = [], Classes = ["cat", "dog"],
            Manifest = new DatasetManifest(
            [
                Image(DatasetSplit.Train, "cat", "train/cat/1.png", 1), Image(DatasetSplit.Train, "dog", "train/dog/<1>.png", 1),
                Image(DatasetSplit.Train, "cat", "train/cat/2.png", 2), Image(DatasetSplit.Validation, "cat", "val/cat/2.png", 2),
            ]),
        });
        page.Should().Contain(
            "<p class=\"warning\">2 images have the same bytes as another one, "
            + "and 1 of the images to evaluate is also among the training images.");
        string table =
            Regex.Match(page, "<caption>Images that are there more than once</caption>.*?</table>", RegexOptions.Singleline).Value;
        Regex.Matches(table, "<tr><th scope=\"row\">(.*?)</tr>").Select(row => Regex.Replace(row.Groups[1].Value, "<wbr>|</t[hd]>", "")
                .Replace("<td>", " | ", StringComparison.Ordinal))
            .Should().Equal(
                "train/cat/2.png | val/cat/2.png | training and validation",
                "train/cat/1.png | train/dog/&lt;1&gt;.png | both training, as &#39;cat&#39; and &#39;dog&#39;");
    }

    [Theory]
    [InlineData("/data/train/photos/val/<cat>/a & b.png", "val/<cat>/a & b.png")]
    [InlineData("/data/train/photos/cat/1.png", "cat/1.png")]
    [InlineData("/packs/val.safetensors: <cat>/a & b.png", "val/<cat>/a & b.png")]
    [InlineData("/elsewhere/2.png", "/elsewhere/2.png")]
    [InlineData("/data/xcat/1.png", "/data/xcat/1.png")]
    public void A_mistake_has_the_path_of_the_manifest_and_the_whole_one_on_hover(string name, string shown)
    {
        string page = HtmlReport.Create(new ReportContent
        {
            Title = "x", Epochs = [], Classes = ["<cat>", "dog"],
            Evaluation = new EvaluationResult(1, 50, 100, 2, 10) { Confusion = new ConfusionMatrix(2, [0, 1], [1, 1]) },
            Mistakes = [new ReportMistake(name, "<cat>", "dog", 0.9, default, default)],
            Manifest = new DatasetManifest(
            [
                Image(DatasetSplit.Validation, "<cat>", "val/<cat>/a & b.png", 1), Image(DatasetSplit.Validation, "<cat>", "cat/1.png", 2),
            ]),
        });
        var file = Regex.Match(page, "<span class=\"file\" title=\"([^\"]*)\">(.*?)</span>");
        WebUtility.HtmlDecode(file.Groups[1].Value).Should().Be(name);
        file.Groups[2].Value.Should().NotContain("<cat>");
        WebUtility.HtmlDecode(file.Groups[2].Value.Replace("<wbr>", "", StringComparison.Ordinal)).Should().Be(shown);
    }

    // Packs of several splits may have images of the same name.
    [Theory]
    [InlineData(DatasetSplit.Validation, "validation/cat/1.png")]
    [InlineData(DatasetSplit.Test, "test/cat/1.png")]
    public void A_mistake_in_a_pack_has_the_path_of_the_images_that_were_evaluated(DatasetSplit evaluated, string path)
    {
        string page = HtmlReport.Create(new ReportContent
        {
            Title = "x", Epochs = [], Classes = ["cat", "dog"],
            Evaluation = new EvaluationResult(1, 50, 100, 2, 10) { Confusion = new ConfusionMatrix(2, [0, 1], [1, 1]) },
            Mistakes = [new ReportMistake("/packs/evaluated.safetensors: cat/1.png", "cat", "dog", 0.9, default, default)],
            Manifest = new DatasetManifest(
            [
                new(DatasetSplit.Train, "cat", "train/cat/1.png", 100, 1), new(evaluated, "cat", path, 100, 2),
                .. evaluated == DatasetSplit.Validation
                    ? [new(DatasetSplit.Test, "cat", "test/cat/1.png", 100, 3)]
                    : Array.Empty<ManifestEntry>(),
            ]),
        });
        page.Should().Contain($"{path.Replace("/", "/<wbr>", StringComparison.Ordinal)}</span>").And.NotContain("train/<wbr>");
    }

    [Fact]
    public void Training_accuracy_and_peak_memory_are_shown_where_they_were_measured()
    {
        EpochMetrics[] epochs =
        [
            new() { Epoch = 1, TrainTop1 = 40, PeakMemoryBytes = 900 << 20 },
            new() { Epoch = 2, TrainTop1 = 62.5, PeakMemoryBytes = 3L << 29, Processes = 4, WaitingSeconds = 90 },
        ];
        string page = HtmlReport.Create(new ReportContent { Title = "x", Epochs = epochs });
        page.Should().Contain("<figcaption>Training accuracy, in percent</figcaption>").And.Contain("epoch 2: training top-1 62.50 %")
            .And.Contain("<dd>1.5 GiB</dd><dt>peak memory of the process</dt>")
            .And.Contain("<dd>4</dd><dt>processes, of which the first waited 1 min 30 s").And.NotContain("not measured");
        Block(page).GetProperty("runs")[0].GetProperty("epochs")[0].GetProperty("peak_memory_bytes").GetInt64().Should().Be(900 << 20);

        var unmeasured = new ReportContent { Title = "x", Epochs = [new EpochMetrics { Epoch = 1 }] };
        string mixed = HtmlReport.Create(unmeasured with { MixesImages = true });
        mixed.Should().Contain("Training accuracy: not measured. Images that Mixup or CutMix combine have no single class.</p>")
            .And.NotContain("peak memory").And.NotContain("training top-1");
        HtmlReport.Create(unmeasured).Should().Contain("Training accuracy: not measured.</p>").And.NotContain("Mixup");
        HtmlReport.Create(new ReportContent { Title = "x", Epochs = [] }).Should().NotContain("not measured");
    }

    [Fact]
    public void Names_for_another_number_of_classes_are_refused()
    {
        var evaluation = new EvaluationResult(1, 50, 100, 2, 10) { Confusion = new ConfusionMatrix(3, [0, 1], [0, 2]) };
        var create = () => HtmlReport.Create(new ReportContent { Title = "x", Epochs = [], Classes = ["a", "b"], Evaluation = evaluation });
        create.Should().Throw<ArgumentException>()
            .WithMessage("The evaluation is of 3 classes, but there are 2 class names: give one for each.*");
    }

    private static ManifestEntry Image(DatasetSplit split, string name, string path, ulong content) =>
        new(split, name, path, 100, (1UL << 40) + content);

    private static ReportContent Content(IReadOnlyList<EpochMetrics> epochs, int classes = 2)
    {
        byte[] picture = PngEncoder.Encode(Motif.Pixels(20, 30, 3), 20, 30, 3);
        return new ReportContent
        {
            Title = Hostile,
            Subtitle = Hostile,
            Duration = TimeSpan.FromSeconds(4000),
            Epochs = epochs,
            Steps =
            [
                .. Enumerable.Range(1, 1200).Select(step => new StepMetrics(step, step <= 40 ? 1 : step <= 80 ? 2 : 3, 3.0 / step, 0.1)),
            ],
            Classes = [Hostile, .. Enumerable.Range(0, classes - 1).Select(i => $"{(char)('b' + i)}")],
            Evaluation = new EvaluationResult(1, 50, 100, 4, 10)
            {
                Confusion = new ConfusionMatrix(classes, [0, 1, 0, 1], [0, 1, 1, 0]),
                Calibration = new Calibration([0.5f, 0.75f], [true, false]),
            },
            EvaluationOf = Hostile,
            Mistakes =
            [
                new ReportMistake(Hostile, Hostile, "b", 0.9, picture, picture),
                new ReportMistake("x/y.png", "b", Hostile, 0.8, default, default),
            ],
            Settings = [(Hostile, Hostile)],
            Environment = RunEnvironment.Describe(TorchSharp.torch.CPU),
        };
    }

    private IReadOnlyList<EpochMetrics> Read(string metrics)
    {
        string path = _folder.File("metrics.csv");
        File.WriteAllText(path, metrics);
        return MetricsFile.Read(path);
    }

    private (string Page, string[] Console) Load(string html)
    {
        string path = _folder.File("page.html");
        File.WriteAllText(path, html);
        return Chromium.Load(path, _folder.Path);
    }

    private static List<string[]> ShownRows(string page)
    {
        string table = Regex.Match(page, "<table class=\"numbers epochs\">.*?</table>", RegexOptions.Singleline).Value;
        string body = Regex.Match(table, "<tbody>.*?</tbody>", RegexOptions.Singleline).Value;
        return
        [
            .. Regex.Matches(body, "<tr>(.*?)</tr>").Select(
                row => Regex.Matches(row.Value, "<t[hd][^>]*>(.*?)</t[hd]>").Select(
                    cell => Regex.Replace(cell.Groups[1].Value, "<[^>]*>", "")).ToArray()),
        ];
    }

    // Compares numbers to the decimals that the page shows.
    private static void ShouldShow(string[] shown, string[] stored)
    {
        shown.Should().HaveSameCount(stored);
        foreach (var (text, value) in shown.Zip(stored))
        {
            if (value.Length == 0)
            {
                text.Should().BeOneOf("–", "not measured");
                continue;
            }
            string number = text.Replace(" %", "", StringComparison.Ordinal);
            int places = number.Contains('e', StringComparison.Ordinal)
                ? 9
                : number.Contains('.', StringComparison.Ordinal)
                    ? number.Length - number.IndexOf('.', StringComparison.Ordinal) - 1
                    : 0;
            double.Parse(number, CultureInfo.InvariantCulture)
                .Should().BeApproximately(double.Parse(value, CultureInfo.InvariantCulture), (0.5 * Math.Pow(10, -places)) + 1e-12);
        }
    }

    private static void ShouldBeTheSame(JsonElement epochs, string[][] rows)
    {
        string[] columns = Metrics.Split('\n')[0].Split(',');
        foreach (var (epoch, row) in epochs.EnumerateArray().Zip(rows))
        {
            foreach (var (column, value) in columns.Zip(row))
            {
                if (value.Length == 0) epoch.GetProperty(column).ValueKind.Should().Be(JsonValueKind.Null);
                else epoch.GetProperty(column).GetDouble().Should().Be(double.Parse(value, CultureInfo.InvariantCulture));
            }
        }
        epochs.GetArrayLength().Should().Be(rows.Length);
    }

    private static JsonElement Block(string page) =>
        JsonDocument.Parse(
            Regex.Match(page, "<script type=\"application/json\" id=\"metrics\">(.*?)</script>").Groups[1].Value).RootElement;
}
