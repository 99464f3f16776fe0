namespace ResNet.Inference.Execution;

/// <summary>A layer, or a pass of one, that is computed by rows, pixels or other units that do not depend on each other.</summary>
/// <param name="rows">The number of rows.</param>
/// <param name="rowsOfPart">The rows of a part.</param>
/// <param name="threads">The most threads that compute together.</param>
/// <param name="compute">Computes some rows.</param>
internal sealed class RowsWork(int rows, int rowsOfPart, int threads, Action<Range> compute)
    : Work(Division.Ratio(rows, rowsOfPart), threads)
{
    private const int PartsOfThread = 4;

    private protected override void Compute(int part, int thread) =>
        compute((part * rowsOfPart)..(int)Math.Min((part + 1L) * rowsOfPart, rows));

    /// <summary>Divides rows into a few parts for each thread.</summary>
    internal static RowsWork Of(int rows, int threads, Action<Range> compute) =>
        new(rows, threads == 1 ? rows : Math.Max(1, rows / (PartsOfThread * threads)), threads, compute);
}
