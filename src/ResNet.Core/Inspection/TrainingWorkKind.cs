namespace ResNet.Core.Inspection;

/// <summary>What a part of a training pass computes.</summary>
public enum TrainingWorkKind
{
    /// <summary>Copies images into the memory of the pass.</summary>
    Load,

    /// <summary>Brings weights into the order of the kernels.</summary>
    Pack,

    /// <summary>Computes a convolution.</summary>
    Convolution,

    /// <summary>Computes a norm, with the sum and the ReLU after it.</summary>
    Norm,

    /// <summary>Computes a sum without a norm before it, or its gradients.</summary>
    Add,

    /// <summary>Pools, or copies a shortcut.</summary>
    Pool,

    /// <summary>Computes a convolution's gradient for its input.</summary>
    InputGradient,

    /// <summary>Computes a convolution's gradient for its weights.</summary>
    WeightGradient,

    /// <summary>Computes a norm's output again, which was not kept.</summary>
    Renewal,

    /// <summary>Computes the gradients of a norm.</summary>
    NormGradient,

    /// <summary>Computes the gradient of a pooling or of a shortcut.</summary>
    PoolGradient,
}
