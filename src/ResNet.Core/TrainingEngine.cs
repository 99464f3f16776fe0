namespace ResNet.Core;

/// <summary>What computes a network, and its gradients, in training on CPUs.</summary>
public enum TrainingEngine
{
    /// <summary>
    /// Kernels of this library, in C#, in single precision, where there are some for all of the network; else libtorch.
    /// <see cref="ResNetModel.DescribeTraining"/> says which one it is.
    /// </summary>
    Kernels,

    /// <summary>libtorch.</summary>
    Torch,
}
