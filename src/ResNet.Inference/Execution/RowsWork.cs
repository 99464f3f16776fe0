namespace ResNet.Inference.Execution;

/// <summary>A cheap layer that is computed row by row, or pixel by pixel.</summary>
/// <param name="rows">The number of rows.</param>
/// <param name="rowsOfPart">The rows of a part.</param>
/// <param name="threads">The most threads that compute together.</param>
/// <param name="compute">Computes some rows.</param>
internal sealed class RowsWork(int rows, int rowsOfPart, int threads, Action<Range> compute)
    : Work(Division.Ratio(rows, rowsOfPart), threads)
{
    private const int PartsOfThread = 4;

    private protected override void Compute(int part, int thread) =>
        compute((part * rowsOfPart)..Math.Min((part + 1) * rowsOfPart, rows));

    /// <summary>Divides rows into a few parts for each thread.</summary>
    internal static RowsWork Of(int rows, int threads, Action<Range> compute) =>
        new(rows, threads == 1 ? rows : Math.Max(1, rows / (PartsOfThread * threads)), threads, compute);
}
