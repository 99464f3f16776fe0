using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace ResNet.AspNetCore.Security;

/// <summary>
/// Lets in who has an API key. Without keys, only programs of this machine get in: those whose connection, and whose
/// address of the service, are of the loopback network, and that are no proxy for others.
/// </summary>
internal sealed class AccessRequirement(bool hasKeys)
    : AuthorizationHandler<AccessRequirement>, IAuthorizationRequirement
{
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
        // A proxy on this machine speaks for others.
        var headers = http.Request.Headers;
        if (headers.ContainsKey("X-Forwarded-For") || headers.ContainsKey("Forwarded")) return false;
        // A page of a foreign site whose name was made to point here has a foreign name in this header.
        string host = http.Request.Host.Host;
        return host is "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }
}
