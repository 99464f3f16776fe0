using System.Runtime.InteropServices;

namespace ResNet.Training.Distributed;

/// <summary>
/// The functions of Open MPI 4 and 5 that training needs (https://docs.open-mpi.org). Its handles are addresses of variables in the
/// library.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    internal const int Success = 0;

    // MPI_THREAD_SERIALIZED: any thread, one at a time.
    private const int Serialized = 2;

    // MPI_MAX_ERROR_STRING.
    private const int LongestError = 256;

    private static readonly string[] s_names = ["libmpi.so.40", "libmpi.so", "libmpi.dylib"];

    private readonly nint _library;
    private readonly nint _world;
    private readonly nint _sum;
    private int _rank;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int> _iallreduce;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, int, nint, nint*, int> _ireduce;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, nint*, int> _ibcast;
    private readonly delegate* unmanaged<nint, nint*, int> _ibarrier;
    private readonly delegate* unmanaged<nint*, int*, void*, int> _test;

    private MpiLibrary(nint library)
    {
        _library = library;
        _world = Symbol("ompi_mpi_comm_world");
        _sum = Symbol("ompi_mpi_op_sum");
        (Float32, Float64, Byte) = (Symbol("ompi_mpi_float"), Symbol("ompi_mpi_double"), Symbol("ompi_mpi_byte"));
        _iallreduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int>)Symbol("MPI_Iallreduce");
        _ireduce = (delegate* unmanaged<void*, void*, int, nint, nint, int, nint, nint*, int>)Symbol("MPI_Ireduce");
        _ibcast = (delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Symbol("MPI_Ibcast");
        _ibarrier = (delegate* unmanaged<nint, nint*, int>)Symbol("MPI_Ibarrier");
        _test = (delegate* unmanaged<nint*, int*, void*, int>)Symbol("MPI_Test");
    }

    // MPI_IN_PLACE.
    private static void* InPlace => (void*)1;

    internal nint Float32 { get; }

    internal nint Float64 { get; }

    internal nint Byte { get; }

    /// <summary>Loads the library and joins the processes that <c>mpirun</c> has started.</summary>
    /// <exception cref="DllNotFoundException">There is no Open MPI.</exception>
    /// <exception cref="CommunicationException">The processes do not find each other.</exception>
    internal static MpiLibrary Open()
    {
        foreach (string name in s_names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library)) continue;
            if (!NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _)) continue;
            UseRing();
            var mpi = new MpiLibrary(library);
            mpi.Init();
            return mpi;
        }
        throw new DllNotFoundException(
            $"Open MPI is missing: install it, on Debian by: apt-get install openmpi-bin. None of {string.Join(", ", s_names)} is there.");
    }

    /// <summary>The number of this process.</summary>
    internal int Rank => _rank;

    internal int Size() => Number("MPI_Comm_size");

    /// <summary>Begins to replace numbers by their sums over all processes.</summary>
    internal nint Sum(void* numbers, int count, nint type)
    {
        nint request;
        ThrowIfFailed(_iallreduce(InPlace, numbers, count, type, _sum, _world, &request));
        return request;
    }

    /// <summary>Begins to replace the numbers of one process by the sums over all.</summary>
    internal nint Reduce(void* numbers, int count, nint type, int root)
    {
        nint request;
        bool isRoot = _rank == root;
        ThrowIfFailed(_ireduce(isRoot ? InPlace : numbers, isRoot ? numbers : null, count, type, _sum, root, _world, &request));
        return request;
    }

    /// <summary>Begins to replace bytes by those of a process.</summary>
    internal nint Broadcast(void* bytes, int count, int root = 0)
    {
        nint request;
        ThrowIfFailed(_ibcast(bytes, count, Byte, root, _world, &request));
        return request;
    }

    /// <summary>Begins to wait for all processes.</summary>
    internal nint Barrier()
    {
        nint request;
        ThrowIfFailed(_ibarrier(_world, &request));
        return request;
    }

    /// <summary>Whether something that was begun has ended.</summary>
    internal bool IsOver(ref nint request)
    {
        int isOver;
        fixed (nint* place = &request) ThrowIfFailed(_test(place, &isOver, null));
        return isOver != 0;
    }

    /// <summary>Leaves the other processes; waits for them.</summary>
    internal void Close()
    {
        var finalize = (delegate* unmanaged<int>)Symbol("MPI_Finalize");
        ThrowIfFailed(finalize());
    }

    // Open MPI 4 sums the numbers of up to three processes in the first one, while the others wait. In a ring all of them work.
    private static void UseRing()
    {
        bool isFew = Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is "2" or "3";
        if (isFew && !OperatingSystem.IsWindows()) _ = setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "1", overwrite: 0);
    }

    [DllImport("libc", BestFitMapping = false)]
    private static extern int setenv(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    private void Init()
    {
        var initialized = (delegate* unmanaged<int*, int>)Symbol("MPI_Initialized");
        int isInitialized = 0;
        ThrowIfFailed(initialized(&isInitialized));
        if (isInitialized == 0)
        {
            int provided;
            var init = (delegate* unmanaged<int*, byte***, int, int*, int>)Symbol("MPI_Init_thread");
            ThrowIfFailed(init(null, null, Serialized, &provided));
        }
        // Errors are returned, where otherwise they would end the process at once.
        var setHandler = (delegate* unmanaged<nint, nint, int>)Symbol("MPI_Comm_set_errhandler");
        ThrowIfFailed(setHandler(_world, Symbol("ompi_mpi_errors_return")));
        _rank = Number("MPI_Comm_rank");
    }

    private int Number(string function)
    {
        int number;
        ThrowIfFailed(((delegate* unmanaged<nint, int*, int>)Symbol(function))(_world, &number));
        return number;
    }

    private void ThrowIfFailed(int code)
    {
        if (code == Success) return;
        byte* text = stackalloc byte[LongestError];
        int length = 0;
        ((delegate* unmanaged<int, byte*, int*, int>)Symbol("MPI_Error_string"))(code, text, &length);
        throw new CommunicationException(
            $"The processes of this run have lost each other ({Marshal.PtrToStringUTF8((nint)text, length)}): "
            + "go on from the last checkpoint.");
    }

    private nint Symbol(string name) => NativeLibrary.GetExport(_library, name);
}
