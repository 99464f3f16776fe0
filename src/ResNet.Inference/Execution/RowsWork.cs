namespace ResNet.Inference.Execution;

/// <summary>A cheap layer that is computed row by row, or pixel by pixel.</summary>
/// <param name="rows">The number of rows.</param>
/// <param name="rowsOfPart">The rows of a part.</param>
/// <param name="compute">Computes some rows.</param>
internal sealed class RowsWork(int rows, int rowsOfPart, Action<Range> compute) : Work((rows + rowsOfPart - 1) / rowsOfPart)
{
    private protected override void Compute(int part, int thread) =>
        compute((part * rowsOfPart)..Math.Min((part + 1) * rowsOfPart, rows));
}
