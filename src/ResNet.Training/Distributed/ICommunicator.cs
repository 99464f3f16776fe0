using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>
/// The processes that train one network together. All of them call the same methods in the same order, with tensors of the same shape.
/// </summary>
/// <remarks>Not safe to use from several threads at once.</remarks>
public interface ICommunicator
{
    /// <summary>The number of this process, from 0. The first one writes files and reports.</summary>
    int Rank { get; }

    /// <summary>The number of processes.</summary>
    int Size { get; }

    /// <summary>
    /// Cancelled when another process has ended or cannot be reached, also while this one computes: the next operation throws. By default
    /// it never is.
    /// </summary>
    CancellationToken Lost => CancellationToken.None;

    /// <summary>
    /// Prepares for the tensors of this process's device; all processes call it before they have any. By default nothing.
    /// </summary>
    /// <param name="device">The device, which may be of another type in each process.</param>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void UseDevice(Device device)
    {
    }

    /// <summary>
    /// Replaces a tensor by the sum over all processes. The result has the same bits in all of them, and in each run with as many.
    /// </summary>
    /// <param name="tensor">Contiguous, float32 or float64.</param>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void Sum(Tensor tensor);

    /// <summary>
    /// Begins to replace a tensor by the sum, which <see cref="EndSums"/> completes; meanwhile the caller computes, and may call the other
    /// methods, in the same order in all processes. By default <see cref="Sum"/>.
    /// </summary>
    /// <param name="tensor">Contiguous, float32 or float64; it must stay as it is until the end.</param>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void BeginSum(Tensor tensor) => Sum(tensor);

    /// <summary>Gives the sums that were begun a moment, where they have no thread of their own. By default nothing.</summary>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void AdvanceSums()
    {
    }

    /// <summary>Waits for the sums that were begun. By default nothing.</summary>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void EndSums()
    {
    }

    /// <summary>
    /// Tells the others that this process has failed: their next operations throw. It calls nothing else afterwards. By default nothing.
    /// </summary>
    void Abandon()
    {
    }

    /// <summary>Replaces a tensor by that of the first process.</summary>
    /// <param name="tensor">Contiguous, of any type.</param>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void Broadcast(Tensor tensor);

    /// <summary>Waits until all processes are here.</summary>
    /// <exception cref="CommunicationException">Another process has ended, or cannot be reached.</exception>
    void Barrier();
}
