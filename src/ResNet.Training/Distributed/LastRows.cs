using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>Gives each process the image before the first one of its part of a batch, which mixing needs.</summary>
/// <param name="group">The processes.</param>
/// <param name="image">The shape of an image, <c>[C, H, W]</c>.</param>
/// <param name="classes">The number of classes.</param>
internal sealed class LastRows(ProcessGroup group, long[] image, int classes)
{
    private readonly long _pixels = image.Aggregate((a, b) => a * b);

    /// <summary>Returns the rows with the one before the first. Each process calls this or <see cref="Skip"/> for a batch.</summary>
    internal MixingRows Exchange(Tensor inputs, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var own = cat(
        [
            ones(1, inputs.dtype, inputs.device), MixingRows.Last(inputs).reshape(-1), MixingRows.Last(targets).reshape(-1),
        ]);
        var rows = Exchange(own, inputs.device);
        int before = group.Rank;
        // A process without images has no row.
        do before = (before + group.Size - 1) % group.Size; while (rows[before, 0].item<float>() == 0);
        var row = rows[before];
        var rowBefore = new MixingRows(
            inputs, targets, row.narrow(0, 1, _pixels).reshape([1, .. image]), row.narrow(0, 1 + _pixels, classes).reshape(1, classes));
        rowBefore.InputBefore.MoveToOuterDisposeScope();
        rowBefore.TargetBefore.MoveToOuterDisposeScope();
        return rowBefore;
    }

    /// <summary>Takes part in the exchange without an image.</summary>
    internal void Skip(Device device)
    {
        using var scope = NewDisposeScope();
        Exchange(null, device);
    }

    // The sum of rows that are zero but for one process's own is all rows.
    private Tensor Exchange(Tensor? own, Device device)
    {
        var rows = zeros([group.Size, 1 + _pixels + classes], ScalarType.Float32, device);
        if (own is not null) rows[group.Rank].copy_(own);
        group.Sum(rows);
        return rows;
    }
}
