using System.Globalization;
using System.Text;

namespace ResNet.Core.Inspection;

/// <summary>What computes a network in training, and by which algorithms; as text by <see cref="ToString()"/>.</summary>
/// <param name="Engine">What computes it.</param>
/// <param name="Reason">Why it is libtorch, in a sentence; null where it is not.</param>
/// <param name="Layers">
/// The layers in the order in which they compute, without the classifier, which libtorch computes; none for libtorch.
/// </param>
public sealed record TrainingDescription(TrainingEngine Engine, string? Reason, IReadOnlyList<TrainedLayer> Layers)
{
    /// <summary>Returns a line for each layer, or the reason.</summary>
    public override string ToString()
    {
        if (Reason is not null) return $"libtorch: {Reason}";
        var text = new StringBuilder();
        int name = Math.Max(10, Layers.Max(layer => layer.Name.Length));
        foreach (var layer in Layers)
        {
            text.Append(CultureInfo.InvariantCulture, $"{layer.Name.PadRight(name)}  {layer.Type,-11}  forward {layer.Forward}");
            if (layer.InputGradient is not null) text.Append(CultureInfo.InvariantCulture, $", gradient of input {layer.InputGradient}");
            if (layer.WeightGradient is not null) text.Append(CultureInfo.InvariantCulture, $", of weights {layer.WeightGradient}");
            text.Append('\n');
        }
        return text.ToString();
    }
}
