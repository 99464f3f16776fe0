using System.Runtime.InteropServices;

namespace ResNet.Training.Distributed;

/// <summary>
/// The functions of NVIDIA's NCCL 2 that training needs (https://docs.nvidia.com/deeplearning/nccl). Operations are put into the default
/// stream of the device, in which libtorch computes, so that what comes before and after them needs no further waiting.
/// </summary>
internal sealed unsafe class NcclLibrary
{
    internal const string FileName = "libnccl.so.2";

    /// <summary>The bytes of a name.</summary>
    internal const int IdLength = 128;

    // Numbers of nccl.h.
    private const int Bytes = 1, Floats = 7, Doubles = 8, Add = 0, First = 0;

    private static readonly TimeSpan s_longCall = TimeSpan.FromSeconds(1);

    private readonly nint _library;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> _broadcast;
    private nint _processes;
    private int _calls;

    private NcclLibrary(nint library)
    {
        _library = library;
        _allReduce = (delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Symbol("ncclAllReduce");
        _broadcast = (delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Symbol("ncclBroadcast");
    }

    /// <summary>Loads the library; null if there is none.</summary>
    /// <param name="path">Its name or path.</param>
    internal static NcclLibrary? TryOpen(string path = FileName) =>
        NativeLibrary.TryLoad(path, out nint library) ? new NcclLibrary(library) : null;

    /// <summary>Makes the name by which the processes find each other; one of them does, and the others get it.</summary>
    /// <exception cref="ExternalException">NCCL fails.</exception>
    internal byte[] NewId()
    {
        Id id;
        ThrowIfFailed(((delegate* unmanaged<Id*, int>)Symbol("ncclGetUniqueId"))(&id));
        return new Span<byte>(id.Values, IdLength).ToArray();
    }

    /// <summary>Joins the other processes, with the thread's current GPU; waits for them.</summary>
    /// <exception cref="ExternalException">NCCL fails, as where two processes have one GPU.</exception>
    internal void Join(byte[] id, int rank, int size)
    {
        nint processes;
        var copy = MemoryMarshal.Read<Id>(id);
        ThrowIfFailed(((delegate* unmanaged<nint*, int, Id, int, int>)Symbol("ncclCommInitRank"))(&processes, size, copy, rank));
        Volatile.Write(ref _processes, processes);
    }

    /// <summary>Replaces numbers in the GPU's memory by their sums over all processes, when the stream comes to it.</summary>
    /// <exception cref="ExternalException">NCCL fails.</exception>
    /// <exception cref="CommunicationException">This process has left the others.</exception>
    internal void Sum(void* numbers, long count, bool areDoubles) =>
        Call(processes => _allReduce(numbers, numbers, (nuint)count, areDoubles ? Doubles : Floats, Add, processes, 0));

    /// <summary>Replaces bytes in the GPU's memory by those of the first process, when the stream comes to it.</summary>
    /// <exception cref="ExternalException">NCCL fails.</exception>
    /// <exception cref="CommunicationException">This process has left the others.</exception>
    internal void Broadcast(void* bytes, long count) =>
        Call(processes => _broadcast(bytes, bytes, (nuint)count, Bytes, First, processes, 0));

    /// <summary>
    /// Leaves the others, and ends what waits for them in the stream. Any thread may call it; does nothing the second time.
    /// </summary>
    internal void Abort() => Leave("ncclCommAbort");

    /// <summary>Leaves the others after all operations; does nothing the second time.</summary>
    internal void Close() => Leave("ncclCommDestroy");

    private void Call(Func<nint, int> operation)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            nint processes = Volatile.Read(ref _processes);
            if (processes == 0)
                throw new CommunicationException("The processes of this run have left each other: go on from the last checkpoint.");
            ThrowIfFailed(operation(processes));
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    private void Leave(string function)
    {
        nint processes = Interlocked.Exchange(ref _processes, 0);
        if (processes == 0) return;
        // A call in progress has it still. It lasts for long only if it waits for a process that is lost, which the abort ends.
        SpinWait.SpinUntil(() => Volatile.Read(ref _calls) == 0, s_longCall);
        _ = ((delegate* unmanaged<nint, int>)Symbol(function))(processes);
    }

    private void ThrowIfFailed(int code)
    {
        if (code == 0) return;
        byte* text = ((delegate* unmanaged<int, byte*>)Symbol("ncclGetErrorString"))(code);
        throw new CudaException($"NCCL has failed ({Marshal.PtrToStringUTF8((nint)text)}): NCCL_DEBUG=WARN says more.");
    }

    private nint Symbol(string name) => NativeLibrary.GetExport(_library, name);

    // An ncclUniqueId, which functions take by value.
    private struct Id
    {
        internal fixed byte Values[IdLength];
    }
}
