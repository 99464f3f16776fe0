using System.Runtime.InteropServices;

namespace ResNet.Training.Distributed;

/// <summary>CUDA's driver or NCCL fails in this process, as libtorch's own functions do.</summary>
internal sealed class CudaException(string message) : ExternalException(message);
