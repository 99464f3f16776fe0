namespace ResNet.Training.Data.Folders;

/// <summary>The splits of a data set, all with the classes of the training images.</summary>
public sealed record DatasetSplits
{
    private DatasetSplits()
    {
    }

    /// <summary>The images to learn from.</summary>
    public ImageFolder Train { get; private init; } = null!;

    /// <summary>The images that choose the best epoch: those of the validation folder, those set aside, or else the test images.</summary>
    public ImageFolder Evaluation { get; private init; } = null!;

    /// <summary>
    /// The images for one evaluation at the end; null if there are none, or if they are <see cref="Evaluation"/> already.
    /// </summary>
    public ImageFolder? Test { get; private init; }

    /// <summary>Whether the test images have to choose the best epoch, so that their accuracy is higher than on new images.</summary>
    public bool EvaluatesOnTest { get; private init; }

    /// <summary>The test folder if it has no class folders, so that nothing can be evaluated on it; null otherwise.</summary>
    public string? UnlabelledTest { get; private init; }

    /// <summary>
    /// The classes without images in <see cref="Evaluation"/> or <see cref="Test"/>; see <see cref="SplitOptions.OnlyInTrain"/>.
    /// </summary>
    public IReadOnlyList<string> OnlyInTrain { get; private init; } = [];

    /// <summary>Opens a data set that is divided into folders, or sets some of its images aside; see <see cref="SplitOptions"/>.</summary>
    /// <param name="root">
    /// A folder with <c>train/</c>, and <c>val/</c> or <c>test/</c> or both; or, with <see cref="SplitOptions.EvaluationFraction"/>, one
    /// with class folders, or with <c>train/</c>, and perhaps <c>test/</c>. The names of <see cref="DatasetSplit"/> count in any capitals.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="DatasetException">
    /// A folder is missing, there are no images to evaluate on, there are images to evaluate on although a fraction is to be set aside, the
    /// splits have different classes, or a folder is refused on its own.
    /// </exception>
    public static DatasetSplits Open(string root, SplitOptions? options = null)
    {
        options ??= new SplitOptions();
        var folders = new SplitFolders(root);
        return options.EvaluationFraction is { } fraction ? Divide(folders, fraction, options) : OpenDivided(folders, options);
    }

    /// <summary>Opens one split of a data set.</summary>
    /// <param name="root">
    /// A folder as for <see cref="Open"/>, without <c>train/</c> too, or one of class folders, which is any split.
    /// </param>
    /// <param name="split">The split; null for the validation images, or for the test images if there are no others.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="DatasetException">The folder or the split is missing, or is refused on its own.</exception>
    public static ImageFolder OpenOne(string root, DatasetSplit? split, SplitOptions? options = null)
    {
        options ??= new SplitOptions();
        var folders = new SplitFolders(root);
        bool hasClasses = !folders.IsDivided && folders.Others.Count > 0
            && !folders.Has(DatasetSplit.Validation) && !folders.Has(DatasetSplit.Test);
        if (hasClasses) return new ImageFolder(root, options.Extensions, options.OnlyInTrain);
        var path = split is { } asked
            ? folders.PathOf(asked)
            : folders.PathOf(DatasetSplit.Validation) ?? folders.PathOf(DatasetSplit.Test);
        if (path is not null) return new ImageFolder(path, options.Extensions, options.OnlyInTrain);
        string needed = split switch
        {
            DatasetSplit.Train => "train/",
            DatasetSplit.Validation => "val/",
            DatasetSplit.Test => "test/",
            _ => "val/ or test/",
        };
        throw new DatasetException($"The folder '{root}' has no {needed}: it needs that, with one folder a class.");
    }

    /// <summary>Opens all splits that a data set has, or the folder itself if it holds the classes.</summary>
    /// <param name="root">The data set's folder.</param>
    /// <param name="options">The options; null for the defaults. Nothing is set aside.</param>
    /// <returns>
    /// One or more folders with their split, train first; their classes may differ. Test images without classes are left out.
    /// </returns>
    /// <exception cref="DatasetException">The folder is missing, or one of them is refused on its own.</exception>
    public static IReadOnlyList<(DatasetSplit? Split, ImageFolder Images)> OpenAll(string root, SplitOptions? options = null)
    {
        options ??= new SplitOptions();
        var folders = new SplitFolders(root);
        folders.RefuseUnclear();
        if (!folders.IsDivided) return [(null, new ImageFolder(root, options.Extensions))];
        var found = new List<(DatasetSplit?, ImageFolder)>();
        foreach (var split in Enum.GetValues<DatasetSplit>())
        {
            if (folders.PathOf(split) is not { } path || (split == DatasetSplit.Test && IsUnlabelled(path))) continue;
            found.Add((split, new ImageFolder(path, options.Extensions, split == DatasetSplit.Train ? [] : options.OnlyInTrain)));
        }
        return found;
    }

    /// <summary>Returns the name of a folder below another one that is a split by its name; null if there is none.</summary>
    /// <param name="root">The other folder.</param>
    /// <exception cref="DatasetException">It is missing or cannot be listed, or two folders are the same split.</exception>
    public static string? FindFolder(string root) => new SplitFolders(root) is var folders
        ? Path.GetFileName(Enum.GetValues<DatasetSplit>().Select(folders.PathOf).FirstOrDefault(path => path is not null))
        : null;

    /// <summary>Returns the training images and those that choose the best epoch.</summary>
    /// <param name="train">The images to learn from.</param>
    /// <param name="evaluation">The images to evaluate on.</param>
    public void Deconstruct(out ImageFolder train, out ImageFolder evaluation) => (train, evaluation) = (Train, Evaluation);

    private static DatasetSplits OpenDivided(SplitFolders folders, SplitOptions options)
    {
        folders.RefuseUnclear();
        var (trainPath, validationPath, testPath) =
            (folders.PathOf(DatasetSplit.Train), folders.PathOf(DatasetSplit.Validation), folders.PathOf(DatasetSplit.Test));
        string? unlabelled = testPath is not null && IsUnlabelled(testPath) ? testPath : null;
        if (unlabelled is not null) testPath = null;
        if (!folders.IsDivided || (validationPath ?? testPath) is not { } evaluationPath)
        {
            throw new DatasetException(
                $"The folder '{folders.Root}' has no {Missing()}: it needs train/ and val/ (or test/), each with one folder a class, "
                + "or a fraction of its images has to be set aside to evaluate on.")
            {
                Problem = DatasetProblem.NothingToEvaluateOn,
            };
        }
        var train = new ImageFolder(trainPath!, options.Extensions);
        var evaluation = OpenBeside(train, evaluationPath, options);
        var test = validationPath is null || testPath is null ? null : OpenBeside(train, testPath, options);
        return Of(train, evaluation, test, options) with { EvaluatesOnTest = validationPath is null, UnlabelledTest = unlabelled };

        string Missing() =>
            !folders.IsDivided ? "train/"
            : unlabelled is null ? "val/ or test/"
            : $"val/, and its {Path.GetFileName(unlabelled)}/ has no class folders";
    }

    private static DatasetSplits Divide(SplitFolders folders, double fraction, SplitOptions options)
    {
        if (folders.IsDivided && folders.PathOf(DatasetSplit.Validation) is { } validation)
        {
            throw new DatasetException(
                $"'{folders.Root}' has {Path.GetFileName(validation)}/ beside its training images already: leave the fraction out to "
                + "evaluate on that.");
        }
        folders.RefuseUnclear();
        var all = new ImageFolder(folders.IsDivided ? folders.PathOf(DatasetSplit.Train)! : folders.Root, options.Extensions);
        var (train, evaluation) = all.Split(1 - fraction, options.Seed);
        var testPath = folders.IsDivided ? folders.PathOf(DatasetSplit.Test) : null;
        bool isUnlabelled = testPath is not null && IsUnlabelled(testPath);
        var test = testPath is null || isUnlabelled ? null : OpenBeside(all, testPath, options);
        return Of(train, evaluation, test, options) with { UnlabelledTest = isUnlabelled ? testPath : null };
    }

    private static DatasetSplits Of(ImageFolder train, ImageFolder evaluation, ImageFolder? test, SplitOptions options) => new()
    {
        Train = train,
        Evaluation = evaluation,
        Test = test,
        OnlyInTrain =
        [
            .. train.Classes.Where((name, label) => options.OnlyInTrain.Contains(name)
                && (evaluation.CountPerClass[label] == 0 || test?.CountPerClass[label] == 0)),
        ],
    };

    private static ImageFolder OpenBeside(ImageFolder train, string path, SplitOptions options)
    {
        var images = new ImageFolder(path, options.Extensions, options.OnlyInTrain);
        var onlyTrain = train.Classes.Except(images.Classes).Except(options.OnlyInTrain).ToList();
        var onlyOther = images.Classes.Except(train.Classes).ToList();
        if (onlyTrain.Count == 0 && onlyOther.Count == 0) return images.WithClasses(train.Classes);
        throw new DatasetException(
            $"'{train.Root}' and '{path}' need the same class folders, but {Describe(onlyTrain, onlyOther)}.")
        {
            Problem = onlyOther.Count == 0 ? DatasetProblem.ClassOnlyInTrain : DatasetProblem.Other,
        };
    }

    private static string Describe(List<string> onlyTrain, List<string> onlyOther)
    {
        var twin = onlyTrain.SelectMany(one => onlyOther.Where(other => ClassNames.AreAlike(one, other)).Select(other => (one, other)));
        if (twin.FirstOrDefault() is ({ } first, { } second))
        {
            return $"{ClassNames.Quote(first)} in the first and {ClassNames.Quote(second)} in the second "
                + ClassNames.Difference(first, second);
        }
        return (onlyTrain.Count, onlyOther.Count) switch
        {
            (_, 0) => $"{ImageFolder.Names(onlyTrain)} is only in the first",
            (0, _) => $"{ImageFolder.Names(onlyOther)} is only in the second",
            _ => $"{ImageFolder.Names(onlyTrain)} is only in the first and {ImageFolder.Names(onlyOther)} only in the second",
        };
    }

    // Many competitions publish test images without their classes.
    private static bool IsUnlabelled(string test) => !Directory.EnumerateDirectories(test).Any();
}
