using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace ResNet.Training.Data.Datasets;

/// <summary>The IDX files of Fashion-MNIST, from the machine or from where they are published.</summary>
internal sealed class FashionMnistFiles(HttpClient client, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
{
    /// <summary>Where the Debian package <c>dataset-fashion-mnist</c> puts them.</summary>
    private const string SystemFolder = "/usr/share/datasets/fashion-mnist";

    private const string PackageHint = "On Debian the package dataset-fashion-mnist brings the files without a download";

    // The address and the sums are those of https://github.com/zalandoresearch/fashion-mnist.
    private static readonly Uri s_address = new("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");

    private static readonly Dictionary<string, string> s_md5Sums = new()
    {
        ["train-images-idx3-ubyte.gz"] = "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        ["train-labels-idx1-ubyte.gz"] = "25c81989df183df01b3e8a0aad5dffbe",
        ["t10k-images-idx3-ubyte.gz"] = "bef4ecab320f06d8554ea6380940ec79",
        ["t10k-labels-idx1-ubyte.gz"] = "bb300cfdad3c16e7a12a480ee83cd310",
    };

    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(60);

    /// <summary>Reads the contents of one file and checks what it is.</summary>
    /// <param name="name">One of the four published names.</param>
    /// <param name="dimensions">What the file has to hold: a length a dimension.</param>
    /// <exception cref="DatasetException">The file cannot be downloaded or is damaged.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(string name, int[] dimensions)
    {
        // The package's files are compressed anew, so the published sums are not theirs; the dimensions are.
        var installed = Path.Join(SystemFolder, name);
        if (File.Exists(installed))
        {
            using var file = File.OpenRead(installed);
            return IdxFile.ReadGzip(file, installed, dimensions).Data;
        }
        var bytes = await DownloadAsync(name).ConfigureAwait(false);
        return IdxFile.ReadGzip(new MemoryStream(bytes), name, dimensions).Data;
    }

    /// <summary>Downloads a file into memory and compares its sum with the published one.</summary>
    /// <exception cref="DatasetException">The server cannot be reached, refuses, falls silent for a minute, or sends something else.</exception>
    internal async Task<byte[]> DownloadAsync(string name)
    {
        var address = new Uri(s_address, name);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            patience.CancelAfter(s_longestSilence);
            using var response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            response.EnsureSuccessStatusCode();
            var bytes = await ReadBodyAsync(response, name, patience).ConfigureAwait(false);
            if (!HasPublishedSum(bytes, name))
                throw new DatasetException($"What {address} sends is not the published file: its MD5 sum is not {s_md5Sums[name]}. {PackageHint}.");
            return bytes;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new DatasetException($"{address} cannot be downloaded: {failure.Message.TrimEnd('.')}. {PackageHint}.", failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DatasetException($"{address} cannot be downloaded: no answer for {s_longestSilence.TotalSeconds:N0} seconds. {PackageHint}.", failure);
        }
    }

    private async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, string name, CancellationTokenSource patience)
    {
        using var body = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
        using var bytes = new MemoryStream();
        var buffer = new byte[128 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, patience.Token).ConfigureAwait(false)) > 0)
        {
            patience.CancelAfter(s_longestSilence);
            bytes.Write(buffer, 0, read);
            progress?.Report(new DatasetProgress($"Downloading {name}", bytes.Length, response.Content.Headers.ContentLength ?? 0));
        }
        return bytes.ToArray();
    }

    [SuppressMessage("Security", "CA5351", Justification = "MD5 is what the authors publish, against damage in transfer.")]
    private static bool HasPublishedSum(byte[] bytes, string name) =>
        Convert.ToHexStringLower(MD5.HashData(bytes)) == s_md5Sums[name];
}
