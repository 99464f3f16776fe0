namespace ResNet.Inference.Tests;

public static class Widths
{
    internal static IEnumerable<VectorWidth> Supported => Enum.GetValues<VectorWidth>().Where(width => width <= InferenceModel.Hardware);

    /// <summary>All widths of vectors that this processor has.</summary>
    public static TheoryData<VectorWidth> All => [.. Supported];
}
