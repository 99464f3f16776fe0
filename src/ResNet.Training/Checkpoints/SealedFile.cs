using System.Security.Cryptography;
using System.Text;
using ResNet.Core;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Training.Checkpoints;

/// <summary>
/// A safetensors file with a SHA-256 over all of its bytes. The digest is the first text of the header's metadata and therefore has the
/// same position in every file; it is computed with sixty-four zeros in this position.
/// </summary>
internal static class SealedFile
{
    /// <summary>The name of the text with the digest.</summary>
    internal const string DigestKey = "sha256";

    private const int DigestLength = 2 * SHA256.HashSizeInBytes;
    private const int ChunkBytes = 1 << 20;

    private static readonly byte[] s_start = Encoding.ASCII.GetBytes($"{{\"__metadata__\":{{\"{DigestKey}\":\"");
    private static readonly int s_digestPlace = sizeof(long) + s_start.Length;
    private static readonly string s_noDigest = new('0', DigestLength);

    /// <summary>
    /// Writes the tensors and the texts beside <paramref name="path"/>, flushes them to disk and renames the file over it.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IEnumerable<KeyValuePair<string, string>> texts)
    {
        // Other dictionaries do not guarantee an order.
        var metadata = new OrderedDictionary<string, string> { [DigestKey] = s_noDigest };
        foreach (var (name, text) in texts) metadata.Add(name, text);
        AtomicFile.Write(path, file =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using (var hashing = new HashingStream(file, hash)) WeightsFile.Save(hashing, tensors, metadata);
            file.Position = s_digestPlace;
            file.Write(Digest(hash));
        });
    }

    /// <summary>Reads all bytes of a file and compares their digest.</summary>
    /// <exception cref="CheckpointException">They are not those that were written.</exception>
    internal static void Verify(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            Verify(path, file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CheckpointException.Damaged(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CheckpointException.Unusable(path, $"cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    private static void Verify(string path, FileStream file)
    {
        var buffer = new byte[ChunkBytes];
        int read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read < s_digestPlace + DigestLength) throw CheckpointException.Damaged(path, "is cut short");
        if (!buffer.AsSpan(sizeof(long)).StartsWith(s_start))
            throw CheckpointException.Damaged(path, "is not a checkpoint, or its beginning is damaged");
        var place = buffer.AsSpan(s_digestPlace, DigestLength);
        byte[] digest = place.ToArray();
        place.Fill((byte)'0');

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (; read > 0; read = file.Read(buffer)) hash.AppendData(buffer, 0, read);
        if (!Digest(hash).AsSpan().SequenceEqual(digest))
            throw CheckpointException.Damaged(path, "is cut short or damaged: its content is not the one that its checksum was taken of");
    }

    private static byte[] Digest(IncrementalHash hash) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset()));

    /// <summary>Writes bytes to the file without a copy and computes their digest.</summary>
    private sealed class HashingStream(Stream file, IncrementalHash hash) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            hash.AppendData(buffer);
            file.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
