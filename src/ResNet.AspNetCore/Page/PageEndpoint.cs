using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ResNet.AspNetCore.Page;

/// <summary>The page of a classifier: one file without outside references, which runs what it has itself and nothing else.</summary>
internal sealed class PageEndpoint
{
    private const string EndpointMark = "{{endpoint}}", TitleMark = "{{title}}";

    private readonly string _page;
    private readonly string _policy;
    private readonly Uri _endpoint;

    internal PageEndpoint(string endpoint, string title)
    {
        using var resource = typeof(PageEndpoint).Assembly.GetManifestResourceStream("page.html")!;
        using var reader = new StreamReader(resource, Encoding.UTF8);
        // Line ends are part of the hashes, and a checkout can change them.
        _page = reader.ReadToEnd().ReplaceLineEndings("\n").Replace(TitleMark, WebUtility.HtmlEncode(title), StringComparison.Ordinal);
        _endpoint = Absolute(endpoint);
        _policy = $"default-src 'none'; style-src {HashOf(_page, "style")}; script-src {HashOf(_page, "script")}; "
            + "img-src 'self' blob: data:; connect-src 'self'; media-src blob:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    internal async Task GetAsync(HttpContext context)
    {
        // A relative address is right behind a proxy, too, which may serve all of this below a path of its own.
        string endpoint = Absolute(context.Request.Path.Value ?? "/").MakeRelativeUri(_endpoint).ToString();
        byte[] page = Encoding.UTF8.GetBytes(_page.Replace(EndpointMark, WebUtility.HtmlEncode(endpoint), StringComparison.Ordinal));
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(page))[..16]}\"";
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = _policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = page.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(page, context.RequestAborted).ConfigureAwait(false);
    }

    // Only the path matters.
    private static Uri Absolute(string path) => new(new Uri("http://page/"), path);

    private static string HashOf(string page, string element)
    {
        int from = page.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        int to = page.IndexOf($"</{element}>", from, StringComparison.Ordinal);
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[from..to])))}'";
    }
}
