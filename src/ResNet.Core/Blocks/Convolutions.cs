using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>The three convolutions residual networks consist of; none has a bias, since a batch norm follows each.</summary>
internal static class Convolutions
{
    internal static Conv2d Conv3x3(int input, int output, int stride = 1) =>
        Conv2d(input, output, kernel_size: 3, stride: stride, padding: 1, bias: false);

    internal static Conv2d Conv1x1(int input, int output, int stride = 1) =>
        Conv2d(input, output, kernel_size: 1, stride: stride, bias: false);

    internal static Conv2d Conv7x7(int input, int output, int stride) =>
        Conv2d(input, output, kernel_size: 7, stride: stride, padding: 3, bias: false);
}
