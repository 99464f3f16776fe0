using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests;

/// <summary>Options are checked when an application starts.</summary>
public sealed class OptionsTests(Networks networks) : IClassFixture<Networks>
{
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "Path", "", "Path is empty: name a file that 'resnet export --format inference' wrote, or the folder of a run." },
        { "MaximumBatchSize", "65", "MaximumBatchSize is 65, but has to be between 1 and 64." },
        { "MaximumWait", "00:00:02", "MaximumWait is 00:00:02, but has to be between 00:00:00 and 00:00:01." },
        { "QueueLength", "8", "MaximumPictures is 16, but has to be at most QueueLength, 8." },
        {
            "AuthorizationPolicy", "members",
            "There are ApiKeys and an AuthorizationPolicy, which takes their place: leave one of them out."
        },
        { "QueueLength", "0", "QueueLength is 0, but has to be between 1 and 100000." },
        { "RequestTimeout", "00:00:00", "RequestTimeout is 00:00:00, but has to be between 00:00:00.0010000 and 01:00:00." },
        { "MaximumPictureBytes", "0", "MaximumPictureBytes is 0, but has to be between 1 and 1073741824." },
        { "MaximumPixels", "0", "MaximumPixels is 0, but has to be between 1 and 178956970." },
        { "MaximumPictures", "0", "MaximumPictures is 0, but has to be between 1 and 1000." },
        { "MaximumUploadBytes", "5", "MaximumUploadBytes is 5, but has to be at least 16777216." },
        { "Count", "0", "Count is 0, but has to be between 1 and 2147483647." },
        { "DecodingThreads", "0", "DecodingThreads is 0, but has to be between 1 and 256." },
        { "Threads", "0", "Threads is 0, but has to be between 1 and 1024." },
        { "WatchInterval", "2.00:00:00", "WatchInterval is 2.00:00:00, but has to be between 00:00:00 and 1.00:00:00." },
        { "ApiKeys", "0123456789abcdef", "ApiKeys has to be a list: the first key is ApiKeys:0 (ApiKeys__0 in the environment)." },
        { "ApiKeys:0", "short", "One of ApiKeys is shorter than 16 characters: give long random ones." },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_in_the_configuration_is_a_sentence(string option, string value, string sentence)
    {
        var values = new Dictionary<string, string?> { ["Path"] = networks.First, [option] = value };
        if (option == "AuthorizationPolicy") values["ApiKeys:0"] = "0123456789abcdef";
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var services = new ServiceCollection().AddLogging();
        services.AddResNetClassifier(configuration);
        using var provider = services.BuildServiceProvider();
        var start = () => provider.GetRequiredService<IStartupValidator>().Validate();
        start.Should().Throw<OptionsValidationException>().WithMessage($"*{sentence}");
    }

    [Fact]
    public void A_name_that_is_mistyped_ends_the_start()
    {
        var values = new Dictionary<string, string?> { ["Path"] = networks.First, ["QueueLengt"] = "5" };
        var services = new ServiceCollection().AddLogging();
        services.AddResNetClassifier(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Invoking(start => start.Validate()).Should()
            .Throw<InvalidOperationException>().WithMessage("*QueueLengt*");
    }

    [Fact]
    public async Task A_policy_that_does_not_exist_ends_the_start()
    {
        await FluentActions.Awaiting(() => Service.StartAsync(networks.First, options => options.AuthorizationPolicy = "nope"))
            .Should().ThrowAsync<InvalidOperationException>()
            .WithMessage("AuthorizationPolicy is 'nope', but there is no such policy: add it by AddAuthorization.");
    }

    [Fact]
    public void Keys_and_anonymous_requests_exclude_each_other()
    {
        var result = new OptionsValidator().Validate("pets", new ResNetClassifierOptions
        {
            Path = "x", AllowAnonymous = true, AuthorizationPolicy = "members",
        });
        result.FailureMessage.Should().Be(
            "The options of the classifier 'pets' cannot be used. AllowAnonymous is true, but there are ApiKeys or an "
            + "AuthorizationPolicy: leave one of them out.");
    }

    [Fact]
    public void All_options_come_from_the_configuration()
    {
        var values = new Dictionary<string, string?>
        {
            ["Path"] = "a", ["MaximumBatchSize"] = "4", ["MaximumWait"] = "00:00:00.01", ["Count"] = "3",
            ["ApiKeys:0"] = "0123456789abcdef",
        };
        var services = new ServiceCollection();
        services.AddResNetClassifier(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), "named");
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<ResNetClassifierOptions>>().Get("named");
        (options.Path, options.MaximumBatchSize, options.MaximumWait, options.Count)
            .Should().Be(("a", 4, TimeSpan.FromMilliseconds(10), 3));
        options.ApiKeys.Should().Equal("0123456789abcdef");
    }

    [Fact]
    public async Task A_network_that_cannot_be_opened_ends_the_start_with_its_sentence()
    {
        using var folder = new TemporaryFolder();
        await FluentActions.Awaiting(() => Service.StartAsync(folder.Path)).Should().ThrowAsync<InferenceFileException>()
            .WithMessage($"*'{folder.Path}' has no file for inference: write one by 'resnet export {folder.Path} --format inference'*");
        await FluentActions.Awaiting(() => Service.StartAsync("missing.safetensors")).Should().ThrowAsync<InferenceFileException>();
    }

    [Fact]
    public void A_name_is_taken_once_and_endpoints_need_a_classifier()
    {
        var services = new ServiceCollection();
        services.AddResNetClassifier("pets", networks.First);
        services.Invoking(these => these.AddResNetClassifier("pets", networks.First)).Should().Throw<InvalidOperationException>()
            .WithMessage("There is a classifier 'pets' already: give this one another name.");
        services.AddResNetClassifier(networks.First);
        services.Invoking(these => these.AddResNetClassifier(networks.First)).Should().Throw<InvalidOperationException>();
        var app = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder().Build();
        app.Invoking(these => these.MapResNetClassifier("/x", "cars")).Should().Throw<InvalidOperationException>()
            .WithMessage("There is no classifier 'cars': *");
    }
}
