using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>Gives each process the image before the first one of its part of a batch, which mixing needs.</summary>
/// <param name="group">The processes.</param>
/// <param name="image">The shape of an image, <c>[C, H, W]</c>.</param>
/// <param name="classes">The number of classes.</param>
internal sealed class LastRows(ProcessGroup group, long[] image, int classes)
{
    private readonly long _pixels = image.Aggregate((a, b) => a * b);

    /// <summary>Returns the rows before a process's first one. Each process calls this or <see cref="Skip"/> for a batch.</summary>
    /// <param name="lastImage">The last image of this process's part, <c>[1, C, H, W]</c>, float32.</param>
    /// <param name="lastTarget">The shares of its classes, <c>[1, classes]</c>, float32.</param>
    /// <returns>The same of the image before the first one.</returns>
    internal (Tensor Image, Tensor Target) Exchange(Tensor lastImage, Tensor lastTarget)
    {
        using var scope = NewDisposeScope();
        var own = cat([ones(1, lastImage.dtype, lastImage.device), lastImage.reshape(-1), lastTarget.reshape(-1)]);
        var rows = Exchange(own, lastImage.device);
        int before = group.Rank;
        // A process without images has no row.
        do before = (before + group.Size - 1) % group.Size; while (rows[before, 0].item<float>() == 0);
        var row = rows[before];
        return (
            row.narrow(0, 1, _pixels).reshape([1, .. image]).MoveToOuterDisposeScope(),
            row.narrow(0, 1 + _pixels, classes).reshape(1, classes).MoveToOuterDisposeScope());
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
