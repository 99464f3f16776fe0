using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ResNet.AspNetCore.Page;

/// <summary>The page of a classifier: one file without outside references, which runs what it has itself and nothing else.</summary>
internal sealed class PageEndpoint
{
    private readonly byte[] _page;
    private readonly string _policy;
    private readonly string _tag;

    internal PageEndpoint(string endpoint, string title)
    {
        using var resource = typeof(PageEndpoint).Assembly.GetManifestResourceStream("page.html")!;
        using var reader = new StreamReader(resource, Encoding.UTF8);
        // Line ends are part of the hashes, and a checkout can change them.
        string page = reader.ReadToEnd().ReplaceLineEndings("\n")
            .Replace("{{endpoint}}", WebUtility.HtmlEncode(endpoint), StringComparison.Ordinal)
            .Replace("{{title}}", WebUtility.HtmlEncode(title), StringComparison.Ordinal);
        _page = Encoding.UTF8.GetBytes(page);
        _tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(_page))[..16]}\"";
        _policy = $"default-src 'none'; style-src {HashOf(page, "style")}; script-src {HashOf(page, "script")}; "
            + "img-src 'self' blob: data:; connect-src 'self'; media-src blob:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    internal async Task GetAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = _policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        headers.ETag = _tag;
        if (context.Request.Headers.IfNoneMatch == _tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = _page.Length;
        await context.Response.Body.WriteAsync(_page, context.RequestAborted).ConfigureAwait(false);
    }

    private static string HashOf(string page, string element)
    {
        int from = page.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        int to = page.IndexOf($"</{element}>", from, StringComparison.Ordinal);
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[from..to])))}'";
    }
}
