using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace ResNet.Cli.Commands;

/// <summary><c>pack</c>: decodes a data set once, so that <c>train</c> and <c>evaluate</c> read it without decoding.</summary>
internal static class PackCommand
{
    private const int ListedAtMost = 20;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "A folder with train/ and val/ or test/, or one of class folders, or the name of a known data set.",
        };
        var file = new Argument<string>("FILE")
        {
            Description = "The pack; where FOLDER has train/ and val/ or test/, "
                + $"the folder that gets {DataSource.TrainPack} and the others.",
        };
        var shorterSide = new Option<int?>("--shorter-side")
        {
            Description = "The length to which the shorter side of larger images is reduced, 256 for example. "
                + "Default: images keep their size.",
            HelpName = "PIXELS",
        };
        var channels = new Option<int?>("--channels")
        {
            Description = "3 for colour, 1 for grey. Default: 1 for fashion-mnist, else 3.",
            HelpName = "1|3",
        };
        var extensions = LoadingOptions.Extensions();
        var workers = LoadingOptions.Workers();
        var skip = new Option<bool>("--skip-unreadable")
        {
            Arity = ArgumentArity.Zero,
            Description = "Leaves out images that cannot be read, where otherwise nothing is packed.",
        };
        var command = new Command(
            "pack", "Decodes a data set once into files that 'train' and 'evaluate' read without decoding, for example: "
                + "pack photos packed --shorter-side 256")
        {
            folder, file, shorterSide, channels, extensions, workers, skip, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(folder)!, path = parsed.GetValue(file)!;
            if (string.IsNullOrWhiteSpace(name))
                throw new CommandLineException("FOLDER is empty, but has to be the path of a folder of images.");
            if (string.IsNullOrWhiteSpace(path))
                throw new CommandLineException("FILE is empty, but has to be the path of the pack to make.");
            var options = new PackOptions
            {
                ShorterSide = parsed.GetValue(shorterSide),
                Channels = parsed.GetValue(channels) ?? (name == DataSource.FashionMnistName ? 1 : 3),
                Workers = parsed.GetValue(workers),
                OnUnreadableImage = parsed.GetValue(skip) ? OnUnreadableImage.Skip : OnUnreadableImage.Fail,
            };
            var splits = new SplitOptions { Extensions = parsed.GetValue(extensions) ?? ImageFolder.Extensions };
            var folders = DatasetSplits.OpenAll(DataSource.Locate(name, cancellationToken), splits);
            var packs = Places(folders, path).Select(place => Pack(place.Images, place.Pack, options, cancellationToken)).ToList();
            JsonOutput.Write(packs);
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<(ImageFolder Images, string Pack)> Places(
        IReadOnlyList<(DatasetSplit? Split, ImageFolder Images)> folders, string path)
    {
        if (folders.Count == 1) return [(folders[0].Images, path)];
        var first = folders[0].Images;
        if (folders.Select(folder => folder.Images).FirstOrDefault(images => !images.Classes.SequenceEqual(first.Classes)) is { } other)
            throw new DatasetException(
                $"'{first.Root}' and '{other.Root}' need the same class folders: 'verify-data' lists what they have.");
        if (File.Exists(path))
            throw new CommandLineException(
                $"'{path}' is a file, but there are {string.Join(" and ", folders.Select(folder => folder.Images.Root))} to pack: "
                + "give the folder for their packs.");
        if (Directory.Exists(path) && DatasetSplits.FindFolder(path) is { } taken)
            throw new CommandLineException(
                $"'{path}' holds images in {taken}/: give another folder for the packs, so that it is clear which of them 'train' reads.");
        var others = Enum.GetValues<DatasetSplit>().Where(split => folders.All(folder => folder.Split != split)).Select(DataSource.PackOf);
        if (others.FirstOrDefault(pack => File.Exists(Path.Join(path, pack))) is { } stale)
            throw new CommandLineException(
                $"'{Path.Join(path, stale)}' is of another data set or of former images: delete it, or give another folder for the packs.");
        MakeFolder(path);
        return folders.Select(folder => (folder.Images, Path.Join(path, DataSource.PackOf(folder.Split!.Value))));
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The folder '{path}' cannot be made: {failure.Message.Split(" : ")[0].TrimEnd('.')}.", failure);
        }
    }

    // The packs are also the JSON document: one document lists every pack.
    private static object Pack(ImageFolder images, string path, PackOptions options, CancellationToken cancellationToken)
    {
        if (File.Exists(path) && !ImagePack.IsPack(path))
            throw new CommandLineException($"'{path}' is there already and is not a pack: give another FILE, or delete it.");
        if (UpToDate(images, path, options) is { } packed)
        {
            Console.WriteLine($"{path} is up to date with {images.Root}: nothing to do");
            return Describe(packed, isUpToDate: true, leftOut: null);
        }
        var skipped = ConsoleProgress.Prepare(progress => ImagePack.Write(images, path, options, progress, cancellationToken));
        string size = options.ShorterSide is { } side
            ? $"with shorter sides of at most {Counted.Of(side, "pixel", "pixels")}"
            : "at their own size";
        Console.WriteLine(
            $"{path}: {Counted.Images(images.Count - skipped.Count)} of {Counted.Classes(images.Classes.Count)} {size}, "
            + $"{new FileInfo(path).Length / 1e6:N1} MB");
        if (skipped.Count > 0) List(skipped);
        var leftOut = skipped.Select(failure => new BrokenImage(failure.Path, failure.Reason));
        return Describe(images.Count - skipped.Count, isUpToDate: false, leftOut);

        object Describe(int count, bool isUpToDate, IEnumerable<BrokenImage>? leftOut) => new
        {
            Path = path, Folder = images.Root, Images = count, Classes = images.Classes.Count, Bytes = new FileInfo(path).Length,
            UpToDate = isUpToDate, LeftOut = leftOut,
        };
    }

    // Returns the number of images of an up-to-date pack; null if the pack has to be made, as a damaged one has.
    private static int? UpToDate(ImageFolder images, string path, PackOptions options)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var pack = ImagePack.Open(path);
            bool isIt = pack.IsMadeFrom(images) && pack.ShorterSide == options.ShorterSide && pack.Channels == options.Channels
                && (pack.Images == images.Count || options.OnUnreadableImage == OnUnreadableImage.Skip);
            return isIt ? pack.Images : null;
        }
        catch (DatasetException)
        {
            return null;
        }
    }

    private static void List(IReadOnlyList<ImageDecodingException> skipped)
    {
        Console.WriteLine($"Left out because they cannot be read: {skipped.Count:N0}");
        foreach (var failure in skipped.Take(ListedAtMost)) Console.WriteLine($"  {failure.Path}: {failure.Reason}");
        if (skipped.Count > ListedAtMost)
            Console.WriteLine($"  and {skipped.Count - ListedAtMost:N0} more ('verify-data --all' lists them)");
    }
}
