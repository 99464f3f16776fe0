using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ResNet.AspNetCore.Http;
using ResNet.AspNetCore.Page;
using ResNet.AspNetCore.Security;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore;

/// <summary>Maps the endpoints of classifiers.</summary>
public static class ResNetClassifierEndpoints
{
    private static readonly string[] s_reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps a classifier: POST classifies pictures, GET names the network and its classes, and, if the options have an
    /// <see cref="ResNetClassifierOptions.AdministratorPolicy"/>, PUT of <c>model</c> below the pattern takes over another network.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">The path, such as <c>/classify</c>.</param>
    /// <param name="name">The classifier's name; empty for the default one.</param>
    /// <returns>The endpoints of POST and GET, for further conventions.</returns>
    /// <exception cref="InvalidOperationException">There is no such classifier, or no such policy as its options name.</exception>
    public static IEndpointConventionBuilder MapResNetClassifier(this IEndpointRouteBuilder endpoints, string pattern, string name = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(name);
        var services = endpoints.ServiceProvider;
        var service = services.GetKeyedService<ClassifierService>(name) ?? throw new InvalidOperationException(
            $"There is no classifier '{name}': register it by services.AddResNetClassifier before the application is built.");
        RequirePolicy(services, nameof(ResNetClassifierOptions.AuthorizationPolicy), service.Options.AuthorizationPolicy);
        RequirePolicy(services, nameof(ResNetClassifierOptions.AdministratorPolicy), service.Options.AdministratorPolicy);
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(Telemetry.Name);
        var classify = new ClassifyEndpoint(service, services, name, logger);
        bool needsKey = service.Options.ApiKeys.Count > 0;
        var group = endpoints.MapGroup(pattern);
        group.MapPost("", classify.ClassifyAsync).DescribeClassify(classify.ClassifyAsync, name, needsKey);
        group.MapGet("", classify.DescribeAsync).DescribeModel(classify.DescribeAsync, name, needsKey);
        Protect(group, service.Options).WithMetadata(new ClassifierName(name)).WithTags("Classifier");
        if (service.Options.AdministratorPolicy is { } policy)
        {
            var takeOver = new TakeOverEndpoint(service);
            endpoints.MapPut($"{pattern.TrimEnd('/')}/model", takeOver.TakeOverAsync).DescribeTakeOver(takeOver.TakeOverAsync, name)
                .RequireAuthorization(policy).WithTags("Classifier");
        }
        return group;
    }

    /// <summary>
    /// Maps a page on which visitors drop a picture, and see its classes and where the network sees them. The page itself is open to all;
    /// it asks for an API key where the classifier needs one.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">The path of the page. Default: the root.</param>
    /// <param name="classifier">The path of the classifier. Default: <c>/classify</c>.</param>
    /// <param name="title">The title. Default: "Image classifier".</param>
    public static IEndpointConventionBuilder MapResNetPage(
        this IEndpointRouteBuilder endpoints, string pattern = "/", string classifier = "/classify", string title = "Image classifier")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(title);
        return endpoints.MapMethods(pattern, s_reading, (RequestDelegate)new PageEndpoint(classifier, title).GetAsync);
    }

    private static void RequirePolicy(IServiceProvider services, string option, string? policy)
    {
        if (policy is null) return;
        var policies = services.GetRequiredService<IAuthorizationPolicyProvider>();
        if (policies.GetPolicyAsync(policy).GetAwaiter().GetResult() is null)
            throw new InvalidOperationException($"{option} is '{policy}', but there is no such policy: add it by AddAuthorization.");
    }

    private static RouteGroupBuilder Protect(RouteGroupBuilder group, ResNetClassifierOptions options)
    {
        if (options.AllowAnonymous) return group.AllowAnonymous();
        if (options.AuthorizationPolicy is { } policy) return group.RequireAuthorization(policy);
        return group.RequireAuthorization(new AuthorizationPolicyBuilder(ApiKeyHandler.Scheme)
            .AddRequirements(new AccessRequirement(hasKeys: options.ApiKeys.Count > 0)).Build());
    }
}
