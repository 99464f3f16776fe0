using ResNet.Imaging;
using ResNet.Inference;

namespace ResNet.AspNetCore;

/// <summary>
/// How a service classifies pictures. The names are those of the configuration; values are checked when the application starts.
/// </summary>
public sealed class ResNetClassifierOptions
{
    /// <summary>
    /// The network: what <c>resnet export RUN --format inference</c> wrote, or the folder of the run, whose newest such file is taken.
    /// </summary>
    public string Path { get; set; } = "";

    /// <summary>
    /// The most pictures that are computed together, 1 to 64; it is rounded down to a power of 2, so that memory is reused. Default: 8.
    /// </summary>
    public int MaximumBatchSize { get; set; } = 8;

    /// <summary>
    /// The longest time that a decoded picture waits for others before it is computed, 0 to 1 s. Default: 0, since pictures that come
    /// while others are computed are the next batch already.
    /// </summary>
    public TimeSpan MaximumWait { get; set; }

    /// <summary>The most pictures that are waiting, decoded or computed at a time, 1 to 100,000. Default: 128.</summary>
    public int QueueLength { get; set; } = 128;

    /// <summary>The longest time until an answer, and for the reading of a request, more than 0 to 1 h. Default: 30 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest file of a picture, in bytes, 1 to 1 GiB. Default: 16 MiB.</summary>
    public int MaximumPictureBytes { get; set; } = 16 << 20;

    /// <summary>
    /// The largest picture, in pixels, 1 to <see cref="ImageDecoder.MaxPixels"/>; larger ones are refused before they are decoded.
    /// Default: 50,000,000.
    /// </summary>
    public int MaximumPixels { get; set; } = 50_000_000;

    /// <summary>The most pictures in a request, 1 to 1,000, and at most <see cref="QueueLength"/>. Default: 16.</summary>
    public int MaximumPictures { get; set; } = 16;

    /// <summary>
    /// The most bytes of all requests that are being read or answered, at least <see cref="MaximumPictureBytes"/>; more are refused as if
    /// the queue were full. Default: 256 MiB.
    /// </summary>
    public long MaximumUploadBytes { get; set; } = 256L << 20;

    /// <summary>The classes of an answer if the request does not say how many, at least 1. Default: 5.</summary>
    public int Count { get; set; } = 5;

    /// <summary>The threads that decode pictures, 1 to 256. Default: one for each processor.</summary>
    public int DecodingThreads { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary>The threads that compute, as <see cref="InferenceOptions.Threads"/>. Default: one for each processor.</summary>
    public int Threads { get; set; } = new InferenceOptions().Threads;

    /// <summary>
    /// How often <see cref="Path"/> is looked at for another network, which is taken over without a restart; 0 for never, at most a day.
    /// Default: 0.
    /// </summary>
    public TimeSpan WatchInterval { get; set; }

    /// <summary>
    /// The authorization policy of clients that may replace the network by PUT; null for none. Default: null.
    /// </summary>
    public string? AdministratorPolicy { get; set; }

    /// <summary>
    /// The authorization policy of clients that may classify, in place of API keys. Default: null, clients with one of
    /// <see cref="ApiKeys"/>, or without keys programs on this machine.
    /// </summary>
    public string? AuthorizationPolicy { get; set; }

    /// <summary>
    /// The keys that requests have in the header <c>X-Api-Key</c>, at least 16 characters each; keep them out of files (user secrets,
    /// environment variables). If there are any, requests from this machine need one, too. Default: none.
    /// </summary>
    public IList<string> ApiKeys { get; } = [];

    /// <summary>Whether all clients may classify, without a key. Default: false.</summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>Opens what <see cref="Path"/> names; null for files for inference.</summary>
    internal Func<string, InferenceOptions, ImageClassifier>? Open { get; set; }
}
