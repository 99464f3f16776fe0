using System.Text.Json;

namespace ResNet.Cli.Options;

/// <summary>Reads JSON files that users write: comments and a trailing comma are allowed.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions s_format = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">The kind of file, for messages.</param>
    /// <param name="option">The name of the option that names the file.</param>
    /// <exception cref="CommandLineException">The file is not JSON.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static JsonDocument Open(string path, string kind, string option)
    {
        try
        {
            // Reading from a stream skips a byte order mark.
            using var file = File.OpenRead(path);
            return JsonDocument.Parse(file, s_format);
        }
        catch (JsonException e)
        {
            // The rest of the message is for programmers.
            throw new CommandLineException(
                new Mistake($"The {kind} '{path}' is not JSON: line {e.LineNumber + 1}: {e.Message.Split(". ")[0]}.", option), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason =
                e is FileNotFoundException or DirectoryNotFoundException ? "it is not there"
                : Directory.Exists(path) ? "it is a folder"
                : e.Message.TrimEnd('.');
            throw new IOException($"The {kind} '{path}' cannot be read: {reason}.", e);
        }
    }
}
