using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;

namespace Benchmarks.Serving;

/// <summary>The memory of a request to <see cref="OnnxService"/>, which the next request uses again.</summary>
internal sealed class OnnxWorkspace : IDisposable
{
    private const int Resized = 256;
    private const int Size = 224;
    private const int Channels = 3;

    // Of ImageNet, in the range of a byte.
    private static readonly float[] s_mean = [0.485f * 255, 0.456f * 255, 0.406f * 255];
    private static readonly float[] s_deviation = [0.229f * 255, 0.224f * 255, 0.225f * 255];

    // Where a picture is much larger, from the next smaller one of its mipmaps.
    private static readonly SKSamplingOptions s_sampling = new(SKFilterMode.Linear, SKMipmapMode.Nearest);

    private readonly SKBitmap _picture = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Opaque));
    private readonly SKCanvas _canvas;
    private readonly float[] _pixels = new float[Channels * Size * Size];
    private readonly float[] _logits;
    private readonly OrtValue[] _input;
    private readonly OrtValue[] _output;

    /// <param name="classes">The outputs of the network.</param>
    public OnnxWorkspace(int classes)
    {
        _canvas = new SKCanvas(_picture);
        _logits = new float[classes];
        _input = [OrtValue.CreateTensorValueFromMemory(_pixels, [1, Channels, Size, Size])];
        _output = [OrtValue.CreateTensorValueFromMemory(_logits, [1, classes])];
    }

    /// <summary>Decodes a picture, resizes its shorter side to 256 pixels, cuts out the centre, and normalises it.</summary>
    /// <exception cref="InvalidDataException">This is no picture.</exception>
    public void Load(ReadOnlySpan<byte> file)
    {
        using var decoded = SKBitmap.Decode(file) ?? throw new InvalidDataException("This is no picture.");
        // Else the image would be a copy.
        decoded.SetImmutable();
        using var image = SKImage.FromBitmap(decoded);
        // Resizing and cutting in one: only these pixels are computed.
        float side = Math.Min(decoded.Width, decoded.Height) * (float)Size / Resized;
        var centre = SKRect.Create((decoded.Width - side) / 2, (decoded.Height - side) / 2, side, side);
        _canvas.DrawImage(image, centre, SKRect.Create(Size, Size), s_sampling);
        Normalize(MemoryMarshal.Cast<byte, uint>(_picture.GetPixelSpan()));
    }

    /// <summary>Computes the probabilities of the classes, which are valid until the next picture.</summary>
    public ReadOnlySpan<float> Run(InferenceSession session, RunOptions options)
    {
        session.Run(options, session.InputNames, _input, session.OutputNames, _output);
        float most = _logits.Max(), sum = 0;
        foreach (ref float logit in _logits.AsSpan()) sum += logit = MathF.Exp(logit - most);
        foreach (ref float value in _logits.AsSpan()) value /= sum;
        return _logits;
    }

    public void Dispose()
    {
        _output[0].Dispose();
        _input[0].Dispose();
        _canvas.Dispose();
        _picture.Dispose();
    }

    private void Normalize(ReadOnlySpan<uint> pixels)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            int shift = 8 * channel;
            float factor = 1 / s_deviation[channel], offset = -s_mean[channel] / s_deviation[channel];
            var plane = _pixels.AsSpan(channel * pixels.Length, pixels.Length);
            for (int i = 0; i < plane.Length; i++) plane[i] = ((byte)(pixels[i] >> shift) * factor) + offset;
        }
    }
}
