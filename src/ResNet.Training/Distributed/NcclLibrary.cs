using System.Runtime.InteropServices;

namespace ResNet.Training.Distributed;

/// <summary>
/// The functions of NVIDIA's NCCL 2 that training needs (https://docs.nvidia.com/deeplearning/nccl). Operations are put into the default
/// stream of the device, in which libtorch computes, so that what comes before and after them needs no further waiting.
/// </summary>
internal sealed unsafe class NcclLibrary
{
    internal const string FileName = "libnccl.so.2";

    // Numbers of nccl.h.
    private const int Bytes = 1, Floats = 7, Doubles = 8, Add = 0, First = 0;

    private readonly nint _library;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> _broadcast;
    private nint _processes;

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
    /// <exception cref="CommunicationException">NCCL fails.</exception>
    internal Id NewId()
    {
        Id id;
        ThrowIfFailed(((delegate* unmanaged<Id*, int>)Symbol("ncclGetUniqueId"))(&id));
        return id;
    }

    /// <summary>Joins the other processes, with the thread's current GPU; waits for them.</summary>
    /// <exception cref="CommunicationException">NCCL fails, as where two processes have one GPU.</exception>
    internal void Join(Id id, int rank, int size)
    {
        nint processes;
        ThrowIfFailed(((delegate* unmanaged<nint*, int, Id, int, int>)Symbol("ncclCommInitRank"))(&processes, size, id, rank));
        Volatile.Write(ref _processes, processes);
    }

    /// <summary>Replaces numbers in the GPU's memory by their sums over all processes, when the stream comes to it.</summary>
    /// <exception cref="CommunicationException">NCCL fails.</exception>
    internal void Sum(void* numbers, long count, bool areDoubles) =>
        ThrowIfFailed(_allReduce(numbers, numbers, (nuint)count, areDoubles ? Doubles : Floats, Add, Processes, 0));

    /// <summary>Replaces bytes in the GPU's memory by those of the first process, when the stream comes to it.</summary>
    /// <exception cref="CommunicationException">NCCL fails.</exception>
    internal void Broadcast(void* bytes, long count) =>
        ThrowIfFailed(_broadcast(bytes, bytes, (nuint)count, Bytes, First, Processes, 0));

    /// <summary>
    /// Leaves the others, and ends what waits for them in the stream. Any thread may call it; does nothing the second time.
    /// </summary>
    internal void Abort() => Leave("ncclCommAbort");

    /// <summary>Leaves the others after all operations; does nothing the second time.</summary>
    internal void Close() => Leave("ncclCommDestroy");

    private nint Processes => Volatile.Read(ref _processes) is not 0 and var processes ? processes
        : throw new CommunicationException("The processes of this run have left each other: go on from the last checkpoint.");

    private void Leave(string function)
    {
        nint processes = Interlocked.Exchange(ref _processes, 0);
        if (processes != 0) _ = ((delegate* unmanaged<nint, int>)Symbol(function))(processes);
    }

    private void ThrowIfFailed(int code)
    {
        if (code == 0) return;
        byte* text = ((delegate* unmanaged<int, byte*>)Symbol("ncclGetErrorString"))(code);
        throw new CommunicationException(
            $"NCCL has failed ({Marshal.PtrToStringUTF8((nint)text)}): go on from the last checkpoint; NCCL_DEBUG=WARN says more.");
    }

    private nint Symbol(string name) => NativeLibrary.GetExport(_library, name);

    /// <summary>An <c>ncclUniqueId</c>, which functions take by value.</summary>
    internal struct Id
    {
        internal const int Length = 128;

        internal fixed byte Values[Length];

        /// <summary>Its bytes, to be sent.</summary>
        internal static Span<byte> BytesOf(ref Id id) => MemoryMarshal.CreateSpan(ref id.Values[0], Length);
    }
}
