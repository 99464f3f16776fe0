using ResNet.Cli.Output;
using ResNet.Imaging;
using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

public sealed class PicturesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_patterns_and_lists_become_files_in_order()
    {
        Touch("b/2.jpg", "b/deep/1.PNG", "b/notes.txt", "c/10.jpg", "c/1.jpg", "c/d/x.jpg");
        string[] arguments = [File("missing.jpg"), File("b"), File("c/*.jpg"), "-", File("c/?.jpg"), File("**/x.jpg")];
        Expand(arguments, "one.png\n\ntwo.png\n").Should().Equal(
            "missing.jpg", "b/2.jpg", "b/deep/1.PNG", "c/1.jpg", "c/10.jpg", "one.png", "two.png", "c/1.jpg", "c/d/x.jpg");
    }

    [Fact]
    public void A_folder_or_pattern_without_pictures_is_named()
    {
        Touch("b/notes.txt");
        var (paths, errors) = Pictures.Expand([File("b"), File("b/*.png")], [".png"], TextReader.Null);
        paths.Should().BeEmpty();
        errors.Should().Equal(
            $"There are no pictures in the folder '{File("b")}'.", $"No picture matches the pattern '{File("b/*.png")}'.");
    }

    [Fact]
    public void A_question_mark_in_the_name_of_a_folder_is_refused()
    {
        Touch("shop1/a.png", "shop12/b.png");
        FluentActions.Invoking(() => Expand([File("shop?/*.png")], "").ToList()).Should().Throw<CommandLineException>()
            .WithMessage("The pattern '*shop?/*.png' has a ? in the name of a folder, but it can stand only in that of a file: write * *");
    }

    [Fact]
    public void A_table_has_a_row_for_each_picture_and_quotes_what_needs_it()
    {
        string path = File("classes.csv");
        PredictionTable.Write(
            path,
            [
                new("a.png", [new Prediction("cat, black", 0.75), new Prediction("dog", 0.25)], null),
                new("say \"b\".png", [], new ImageDecodingException("b.png", "it is broken")),
            ],
            count: 2);
        System.IO.File.ReadAllLines(path).Should().Equal(
            "image,error,class_1,probability_1,class_2,probability_2",
            "a.png,,\"cat, black\",0.75,dog,0.25",
            $"\"say \"\"b\"\".png\",{new ImageDecodingException("b.png", "it is broken").Message},,,,");
    }

    private IEnumerable<string> Expand(string[] arguments, string input) =>
        Pictures.Expand(arguments, [".png", ".jpg"], new StringReader(input)).Paths
            .Select(path => Path.IsPathRooted(path) ? Path.GetRelativePath(_folder.Path, path).Replace('\\', '/') : path);

    private string File(string name) => Path.Join(_folder.Path, name);

    private void Touch(params string[] names)
    {
        foreach (string name in names) _folder.Write(name, []);
    }
}
