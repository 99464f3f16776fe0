using System.Globalization;

namespace ResNet.Imaging.Tests;

public sealed class InvalidOptionExceptionTests
{
    public static TheoryData<object?, string> Values => new()
    {
        { null, "null" },
        { "resnet17", "'resnet17'" },
        { true, "true" },
        { 0.5, "0.5" },
        { ImageInterpolation.Nearest, "Nearest" },
        { new ImageSize(2, 3), "2 × 3" },
        { (0.5, double.NaN), "(0.5, NaN)" },
        { new[] { 1.5f, 2 }, "[1.5, 2]" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void The_message_is_one_sentence_made_of_what_the_exception_carries(object? value, string text)
    {
        var former = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };
            var refused = new InvalidOptionException("Resize", "Size", value, "at least 1 × 1");
            refused.Message.Should().Be($"Resize.Size is {text}, but has to be at least 1 × 1.");
            (refused.Owner, refused.Property, refused.Value, refused.Accepted).Should().Be(("Resize", "Size", value, "at least 1 × 1"));
            refused.ParamName.Should().Be("Size");
        }
        finally
        {
            CultureInfo.CurrentCulture = former;
        }
    }

    [Fact]
    public void An_option_that_is_refused_names_its_type_and_itself()
    {
        var refused = FluentActions.Invoking(() => new Transforms.Resize(0)).Should().Throw<InvalidOptionException>().Which;
        (refused.Owner, refused.Property, refused.Value, refused.Accepted).Should().Be(("Resize", "ShorterSide", 0, "at least 1"));
        refused = FluentActions.Invoking(() => new Transforms.Resize(8) { Interpolation = ImageInterpolation.Nearest })
            .Should().Throw<InvalidOptionException>().Which;
        (refused.Owner, refused.Property, refused.Value).Should().Be(("Resize", "Interpolation", ImageInterpolation.Nearest));
    }
}
