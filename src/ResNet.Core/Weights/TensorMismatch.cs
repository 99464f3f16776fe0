namespace ResNet.Core.Weights;

/// <summary>A tensor that a file has otherwise than the network.</summary>
/// <param name="Name">What the network calls it.</param>
/// <param name="Stored">What the file has: its shape as <c>[1000, 512]</c>, or its type where that is what differs.</param>
/// <param name="Own">What the network has.</param>
public sealed record TensorMismatch(string Name, string Stored, string Own)
{
    /// <summary><c>fc.bias is [1000] instead of [10]</c>.</summary>
    public override string ToString() => $"{Name} is {Stored} instead of {Own}";
}
