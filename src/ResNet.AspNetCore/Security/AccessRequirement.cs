using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace ResNet.AspNetCore.Security;

/// <summary>
/// Allows requests with an API key. A service without keys allows requests of programs on this machine only: both ends of their
/// connection are loopback addresses, and no header of a proxy or of a page of another site is there.
/// </summary>
internal sealed class AccessRequirement(bool hasKeys)
    : AuthorizationHandler<AccessRequirement>, IAuthorizationRequirement
{
    private static readonly string[] s_ofProxies =
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"];

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AccessRequirement requirement)
    {
        bool isKnown = context.User.Identities.Any(identity =>
            identity.IsAuthenticated && identity.AuthenticationType == ApiKeyHandler.Scheme);
        if (isKnown || (!hasKeys && context.Resource is HttpContext http && IsLocal(http))) context.Succeed(requirement);
        return Task.CompletedTask;
    }

    private static bool IsLocal(HttpContext http)
    {
        var connection = http.Connection;
        if (connection.RemoteIpAddress is not { } from || connection.LocalIpAddress is not { } to) return false;
        if (!IPAddress.IsLoopback(from) || !IPAddress.IsLoopback(to)) return false;
        var headers = http.Request.Headers;
        // A proxy on this machine speaks for others.
        if (s_ofProxies.Any(headers.ContainsKey)) return false;
        // A page of a foreign site: its browser says so, or sends the site's name as the origin.
        if (headers["Sec-Fetch-Site"] == "cross-site") return false;
        var own = http.Request.Host;
        string? origin = headers.Origin;
        if (origin is not null && (!Uri.TryCreate(origin, UriKind.Absolute, out var site) || !IsSame(site.Authority, own.Value)))
            return false;
        // Or the site's name was made to point here.
        return IsSame(own.Host, "localhost")
            || (IPAddress.TryParse(own.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }

    private static bool IsSame(string one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
