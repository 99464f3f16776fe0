namespace ResNet.Core.Weights;

/// <summary>A tensor whose shape or type differs between a file and the network.</summary>
/// <param name="Name">Its name in the network.</param>
/// <param name="Stored">Its shape in the file, such as <c>[1000, 512]</c>, or its type if the types differ.</param>
/// <param name="Own">Its shape or type in the network.</param>
public sealed record TensorMismatch(string Name, string Stored, string Own)
{
    /// <summary>Returns a text such as <c>fc.bias is [1000] instead of [10]</c>.</summary>
    public override string ToString() => $"{Name} is {Stored} instead of {Own}";
}
