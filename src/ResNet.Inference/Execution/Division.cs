namespace ResNet.Inference.Execution;

/// <summary>
/// A layer's rows of work (tiles of pixels) and its panels, divided into parts. The parts are as equal as whole rows allow, and their
/// number is a multiple of that of the threads.
/// </summary>
/// <param name="Rows">The rows.</param>
/// <param name="RowParts">The parts that the rows are divided into.</param>
/// <param name="Panels">The panels.</param>
/// <param name="PanelParts">The parts that the panels are divided into.</param>
internal readonly record struct Division(int Rows, int RowParts, int Panels, int PanelParts)
{
    /// <summary>The number of parts.</summary>
    internal int Parts => RowParts * PanelParts;

    /// <summary>The most rows of a part.</summary>
    internal int MostRows => Ratio(Rows, RowParts);

    /// <summary>The rows and panels of a part.</summary>
    internal (Range Rows, Range Panels) this[int part]
    {
        get
        {
            // Parts that read the same weights follow each other.
            var (panel, row) = Math.DivRem(part, RowParts);
            return (Part(Rows, RowParts, row), Part(Panels, PanelParts, panel));
        }
    }

    /// <summary>Divides work for threads: by rows; if there are few, by panels.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="leastRows">The rows that a part should have.</param>
    /// <param name="panels">The panels.</param>
    /// <param name="worthwhile">The most parts that are worth taking, each by itself; 0 if all of the work is not.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal static Division Of(int rows, int leastRows, int panels, long worthwhile, int threads)
    {
        int parts = threads == 1 || worthwhile == 0 ? 1 : (int)Math.Clamp(worthwhile / threads, 1, 4) * threads;
        return rows < leastRows * parts && panels >= threads
            ? new Division(rows, 1, panels, panels >= parts ? parts : threads)
            : new Division(rows, Math.Min(parts, rows), panels, 1);
    }

    /// <summary>Divides and rounds up.</summary>
    internal static int Ratio(int all, int part) => (int)(((long)all + part - 1) / part);

    private static Range Part(int all, int parts, int part) =>
        (int)((long)all * part / parts)..(int)((long)all * (part + 1) / parts);
}
