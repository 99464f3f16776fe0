using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ResNet.AspNetCore.Http;

namespace ResNet.AspNetCore.Security;

/// <summary>Authenticates requests by the header <c>X-Api-Key</c>.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <summary>The name of the scheme.</summary>
    internal new const string Scheme = "ResNetApiKey";

    private ClassifierKeys? Keys => Context.GetEndpoint()?.Metadata.GetMetadata<ClassifierName>() is { Value: var name }
        ? Context.RequestServices.GetKeyedService<ClassifierKeys>(name)
        : null;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string? key = Request.Headers[ClassifierKeys.Header];
        if (string.IsNullOrEmpty(key)) return Task.FromResult(AuthenticateResult.NoResult());
        // Only endpoints of classifiers have keys, each its own.
        if (Keys is not { } keys) return Task.FromResult(AuthenticateResult.NoResult());
        if (!keys.Contain(key)) return Task.FromResult(AuthenticateResult.Fail("The API key is not known."));
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "API key")], Scheme);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Problem.WriteAsync(
        Context, StatusCodes.Status401Unauthorized,
        Keys is not { IsEmpty: false } ? "This service has no API keys: it answers programs of its own machine only."
        : Request.Headers.ContainsKey(ClassifierKeys.Header)
            ? $"The key in the header {ClassifierKeys.Header} is not one of this service's."
        : $"This service needs an API key: send it in the header {ClassifierKeys.Header}.");

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => HandleChallengeAsync(properties);
}
