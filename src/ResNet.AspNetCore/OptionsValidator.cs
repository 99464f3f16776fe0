using System.Globalization;
using Microsoft.Extensions.Options;
using ResNet.Imaging;

namespace ResNet.AspNetCore;

/// <summary>Checks the options of a classifier when the application starts: a sentence for each mistake.</summary>
internal sealed class OptionsValidator : IValidateOptions<ResNetClassifierOptions>
{
    /// <summary>The largest <see cref="ResNetClassifierOptions.MaximumBatchSize"/>.</summary>
    internal const int MostTogether = 64;

    /// <summary>The largest <see cref="ResNetClassifierOptions.QueueLength"/>.</summary>
    internal const int MostWaiting = 100_000;

    /// <summary>The length of the shortest API key, in characters.</summary>
    internal const int ShortestKey = 16;

    /// <summary>The longest <see cref="ResNetClassifierOptions.WatchInterval"/>.</summary>
    internal static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, ResNetClassifierOptions options)
    {
        var mistakes = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Path))
            mistakes.Add("Path is empty: name a file that 'resnet export --format inference' wrote, or the folder of a run.");
        Between(nameof(options.MaximumBatchSize), options.MaximumBatchSize, 1, MostTogether);
        Between(nameof(options.QueueLength), options.QueueLength, 1, MostWaiting);
        Between(nameof(options.MaximumPictureBytes), options.MaximumPictureBytes, 1, 1 << 30);
        Between(nameof(options.MaximumPixels), options.MaximumPixels, 1, ImageDecoder.MaxPixels);
        Between(nameof(options.MaximumPictures), options.MaximumPictures, 1, 1_000);
        if (options.MaximumPictures > options.QueueLength && options.QueueLength >= 1)
        {
            mistakes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"MaximumPictures is {options.MaximumPictures}, but has to be at most QueueLength, {options.QueueLength}."));
        }
        Between(nameof(options.MaximumUploadBytes), options.MaximumUploadBytes, options.MaximumPictureBytes, long.MaxValue);
        Between(nameof(options.Count), options.Count, 1, int.MaxValue);
        Between(nameof(options.DecodingThreads), options.DecodingThreads, 1, 256);
        Between(nameof(options.Threads), options.Threads, 1, 1_024);
        Time(nameof(options.MaximumWait), options.MaximumWait, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Time(nameof(options.RequestTimeout), options.RequestTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Time(nameof(options.WatchInterval), options.WatchInterval, TimeSpan.Zero, LongestInterval);
        if (options.ApiKeys.Any(key => key is null || key.Length < ShortestKey))
            mistakes.Add($"One of ApiKeys is shorter than {ShortestKey} characters: give long random ones.");
        if (options.AllowAnonymous && (options.ApiKeys.Count > 0 || options.AuthorizationPolicy is not null))
            mistakes.Add("AllowAnonymous is true, but there are ApiKeys or an AuthorizationPolicy: leave one of them out.");
        if (options.ApiKeys.Count > 0 && options.AuthorizationPolicy is not null)
            mistakes.Add("There are ApiKeys and an AuthorizationPolicy, which takes their place: leave one of them out.");
        string which = string.IsNullOrEmpty(name) ? "classifier" : $"classifier '{name}'";
        return mistakes.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(mistakes.Select(mistake => $"The options of the {which} cannot be used. {mistake}"));

        void Between(string option, long value, long least, long most)
        {
            if (value < least || value > most)
            {
                mistakes.Add(most == long.MaxValue
                    ? string.Create(CultureInfo.InvariantCulture, $"{option} is {value}, but has to be at least {least}.")
                    : string.Create(CultureInfo.InvariantCulture, $"{option} is {value}, but has to be between {least} and {most}."));
            }
        }

        void Time(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) mistakes.Add($"{option} is {value}, but has to be between {least} and {most}.");
        }
    }
}
