using static TorchSharp.torch;

namespace ResNet.Training.Loading.Transforms;

/// <summary>The images of a batch, or of a process's part of it, and the shares of the classes, which are mixed in place.</summary>
/// <param name="Inputs"><c>[N, C, H, W]</c>.</param>
/// <param name="Targets"><c>[N, classes]</c>.</param>
/// <param name="InputBefore">The image before the first one, <c>[1, C, H, W]</c>: of a whole batch, the last one.</param>
/// <param name="TargetBefore">The shares of its classes, <c>[1, classes]</c>.</param>
internal readonly record struct MixingRows(Tensor Inputs, Tensor Targets, Tensor InputBefore, Tensor TargetBefore)
{
    /// <summary>The rows of a whole batch.</summary>
    internal static MixingRows Of(Tensor inputs, Tensor targets) => new(inputs, targets, Last(inputs), Last(targets));

    /// <summary>The last row, not copied.</summary>
    internal static Tensor Last(Tensor rows) => rows.narrow(0, rows.size(0) - 1, 1);
}
