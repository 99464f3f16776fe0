using System.Security.Cryptography;
using System.Text;

namespace ResNet.AspNetCore.Security;

/// <summary>The API keys of a classifier.</summary>
internal sealed class ClassifierKeys(IEnumerable<string> keys)
{
    /// <summary>The header that has the key of a request.</summary>
    internal const string Header = "X-Api-Key";

    private readonly byte[][] _hashes = [.. keys.Select(Hash)];

    internal bool IsEmpty => _hashes.Length == 0;

    /// <summary>Whether a key is one of them; how long that takes tells nothing about them.</summary>
    internal bool Contain(string key)
    {
        byte[] hash = Hash(key);
        bool found = false;
        foreach (byte[] known in _hashes) found |= CryptographicOperations.FixedTimeEquals(known, hash);
        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
