using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Distributed;

/// <summary>
/// The processes that <c>mpirun</c> of Open MPI has started, on one host or several. Needs Open MPI 4 or later: on Debian, the package
/// <c>openmpi-bin</c>. Tensors on GPUs are summed by NVIDIA's NCCL, where all processes have it and a GPU of their own, and otherwise in
/// the host's memory.
/// </summary>
public sealed unsafe class MpiCommunicator : ICommunicator, IDisposable
{
    private const string SizeVariable = "OMPI_COMM_WORLD_SIZE", RankVariable = "OMPI_COMM_WORLD_RANK";
    private const string LocalSizeVariable = "OMPI_COMM_WORLD_LOCAL_SIZE", LocalRankVariable = "OMPI_COMM_WORLD_LOCAL_RANK";

    // Set to 1 by mpirun where it binds processes to cores.
    private const string BoundVariable = "OMPI_MCA_orte_bound_at_launch";

    // Open MPI 4.1 waits so long before SIGTERM, too.
    private const string TimeoutVariable = "OMPI_MCA_odls_base_sigkill_timeout";

    private const int LongestEndSeconds = 30;

    // A ring would take as many messages as there are processes for these, and a tree takes their logarithm.
    private const int SmallBytes = 1 << 16;

    // While the others compute, decoding threads of this process want the core; while they evaluate, it may sleep.
    private const int Spins = 2000;
    private static readonly TimeSpan s_longWait = TimeSpan.FromSeconds(2), s_longestJoin = TimeSpan.FromMinutes(2);

    private static readonly Lock s_opening = new();
    private static MpiCommunicator? s_world;

    private readonly MpiLibrary _mpi;
    private readonly ProcessWatch? _watch;

    // With tensors that keep the memory.
    private readonly List<(nint Request, Tensor Memory)> _sums = [];
    private bool _isClosed;

    // Memory of the host for tensors on GPUs, which is kept.
    private readonly Dictionary<ScalarType, Tensor> _staging = [];

    // Null if these tensors travel through it.
    private NcclLibrary? _nccl;
    private int? _gpu;
    private CancellationTokenRegistration _aborting;

    private MpiCommunicator()
    {
        _mpi = MpiLibrary.Open();
        (Rank, Size) = (_mpi.Rank, _mpi.Size());
        if (Size > 1) _watch = ProcessWatch.Connect(Rank, Size, Broadcast, ProcessWatch.Patience);
    }

    /// <summary>Whether this process was started by <c>mpirun</c>.</summary>
    public static bool IsLaunched => Environment.GetEnvironmentVariable(SizeVariable) is not null;

    /// <summary>Whether this process is the first one of the <c>mpirun</c>, or was started without it. Waits for nobody.</summary>
    public static bool IsFirst => Environment.GetEnvironmentVariable(RankVariable) is null or "0";

    /// <summary>The number of processes of the <c>mpirun</c>, 1 without it. Waits for nobody.</summary>
    internal static int LaunchedSize =>
        int.TryParse(Environment.GetEnvironmentVariable(SizeVariable), CultureInfo.InvariantCulture, out int size) ? Math.Max(size, 1) : 1;

    /// <summary>The time after which <c>mpirun</c> sends SIGTERM to the others, when a process has ended with an error.</summary>
    internal static TimeSpan EndsOthersAfter => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable(TimeoutVariable), CultureInfo.InvariantCulture, out int seconds)
            ? Math.Clamp(seconds, 0, LongestEndSeconds) : 1);

    /// <summary>Whether <see cref="World"/> was used.</summary>
    internal static bool IsOpen => Volatile.Read(ref s_world) is not null;

    /// <summary>The number of processes on this host; 1 without <c>mpirun</c>.</summary>
    public static int LocalSize =>
        int.TryParse(Environment.GetEnvironmentVariable(LocalSizeVariable), CultureInfo.InvariantCulture, out int size) ? size : 1;

    /// <summary>
    /// The threads that this process should compute with, for <c>torch.set_num_threads</c>, since libtorch takes a single one under
    /// <c>mpirun</c>: the number in the environment variable <c>OMP_NUM_THREADS</c>, or that of the cores to which <c>mpirun</c> has bound
    /// the process, or its share of the host's cores.
    /// </summary>
    public static int Threads =>
        int.TryParse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), CultureInfo.InvariantCulture, out int threads) && threads > 0
            ? threads
            : Math.Max(1, Environment.ProcessorCount / (Environment.GetEnvironmentVariable(BoundVariable) == "1" ? 1 : LocalSize));

    /// <summary>The number of this process on its host, from 0; 0 without <c>mpirun</c>.</summary>
    public static int LocalRank =>
        int.TryParse(Environment.GetEnvironmentVariable(LocalRankVariable), CultureInfo.InvariantCulture, out int rank) ? rank : 0;

    /// <summary>
    /// All processes of the <c>mpirun</c>, or this one alone without it. The first use waits for the others. At the end of the program,
    /// dispose of it; a process that ends otherwise ends all of them.
    /// </summary>
    /// <exception cref="DllNotFoundException">Open MPI is not installed.</exception>
    /// <exception cref="CommunicationException">The processes do not find each other.</exception>
    public static MpiCommunicator World
    {
        get
        {
            lock (s_opening) return s_world ??= new MpiCommunicator();
        }
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public CancellationToken Lost => _watch?.Lost ?? CancellationToken.None;

    /// <inheritdoc/>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">NCCL or CUDA's driver fails.</exception>
    public void UseDevice(Device device)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ArgumentNullException.ThrowIfNull(device);
        if (Size == 1) return;
        int? gpu = device.type == DeviceType.CUDA ? Math.Max(0, device.index) : null;
        if (AreAll(_nccl is not null && gpu == _gpu)) return;
        LeaveNccl();
        // A process that cannot join says so first, since the others would wait for it for ever.
        var nccl = gpu is { } index && CudaDevice.IsUsable(index) ? NcclLibrary.TryOpen() : null;
        if (!AreAll(nccl is not null)) return;
        byte[] id = Rank == 0 ? nccl!.NewId() : new byte[NcclLibrary.IdLength];
        Broadcast(id);
        var joining = Task.Run(() => CudaDevice.With(gpu!.Value, () => nccl!.Join(id, Rank, Size)));
        long began = Stopwatch.GetTimestamp();
        while (!((IAsyncResult)joining).AsyncWaitHandle.WaitOne(s_longWait))
        {
            ThrowIfLost();
            if (Stopwatch.GetElapsedTime(began) < s_longestJoin) continue;
            throw new CudaException(
                $"NCCL has not found the other processes within {s_longestJoin.TotalMinutes} minutes: NCCL_DEBUG=INFO says where it "
                + "looks.");
        }
        // Two processes with one GPU, for example, cannot join.
        if (!AreAll(joining.IsCompletedSuccessfully))
        {
            nccl!.Abort();
            return;
        }
        (_nccl, _gpu) = (nccl, gpu);
        _aborting = Lost.Register(nccl!.Abort);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The tensor is not contiguous, or of another type.</exception>
    public void Sum(Tensor tensor)
    {
        ThrowIfClosedOrLost();
        ArgumentNullException.ThrowIfNull(tensor);
        if (TakesNccl(tensor))
        {
            _ = TypeOf(tensor);
            _nccl!.Sum(CudaDevice.AddressOf(tensor), tensor.numel(), tensor.dtype == ScalarType.Float64);
            return;
        }
        OnHost(tensor, host =>
        {
            int count = checked((int)host.numel()), bytes = checked((int)(count * host.element_size()));
            if (bytes > SmallBytes)
            {
                Wait(_mpi.Sum(AddressOf(host), count, TypeOf(host)));
                return;
            }
            Wait(_mpi.Reduce(AddressOf(host), count, TypeOf(host), root: 0));
            Wait(_mpi.Broadcast(AddressOf(host), bytes));
        });
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Small sums, and those of tensors on other devices than the CPU, are complete on return, or, by NCCL, for what is computed
    /// afterwards.
    /// </remarks>
    /// <exception cref="ArgumentException">The tensor is not contiguous, or of another type.</exception>
    public void BeginSum(Tensor tensor)
    {
        ThrowIfClosedOrLost();
        ArgumentNullException.ThrowIfNull(tensor);
        AdvanceSums();
        if (tensor.device_type == DeviceType.CPU && tensor.numel() * tensor.element_size() > SmallBytes)
            OnHost(tensor, Begin);
        else
            Sum(tensor);

        void Begin(Tensor host)
        {
            nint request = _mpi.Sum(AddressOf(host), checked((int)host.numel()), TypeOf(host));
            _sums.Add((request, host.alias().DetachFromDisposeScope()));
        }
    }

    /// <inheritdoc/>
    public void AdvanceSums()
    {
        // Open MPI works while it is asked.
        for (int i = _sums.Count - 1; i >= 0; i--)
        {
            nint request = _sums[i].Request;
            if (_mpi.IsOver(ref request)) Remove(i);
        }
    }

    /// <inheritdoc/>
    public void EndSums()
    {
        while (_sums.Count > 0)
        {
            Wait(_sums[0].Request);
            Remove(0);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The tensor is not contiguous.</exception>
    public void Broadcast(Tensor tensor)
    {
        ThrowIfClosedOrLost();
        ArgumentNullException.ThrowIfNull(tensor);
        if (TakesNccl(tensor)) _nccl!.Broadcast(CudaDevice.AddressOf(tensor), tensor.numel() * tensor.element_size());
        else OnHost(tensor, host => Wait(_mpi.Broadcast(AddressOf(host), checked((int)(host.numel() * host.element_size())))));
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        ThrowIfClosedOrLost();
        Wait(_mpi.Barrier());
    }

    /// <summary>
    /// Whether this process has to say that another was lost: the first one does; if that may be lost itself, one of each host does.
    /// </summary>
    /// <param name="lostRank">The number of the process that was lost; null if it is not known.</param>
    public static bool IsFirstWithout(int? lostRank) =>
        IsFirst || (lostRank is null or 0 && (LocalRank == 0 || Environment.GetEnvironmentVariable(RankVariable) == "1"));

    /// <summary>
    /// Leaves the other processes, and waits until they do, unless one of them is lost. Does nothing the second time.
    /// </summary>
    public void Dispose()
    {
        if (_isClosed) return;
        _isClosed = true;
        // Without a process, MPI would wait for it.
        if (Lost.IsCancellationRequested) return;
        // Nobody leaves before all have done their work.
        Wait(_mpi.Barrier());
        foreach (var memory in _staging.Values) memory.Dispose();
        LeaveNccl();
        _watch?.Leave();
        _mpi.Close();
        _watch?.Dispose();
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        if (_isClosed) return;
        _isClosed = true;
        _watch?.Abandon();
        _nccl?.Abort();
    }

    private void Remove(int sum)
    {
        _sums[sum].Memory.Dispose();
        _sums.RemoveAt(sum);
    }

    private void LeaveNccl()
    {
        _aborting.Dispose();
        _nccl?.Close();
        (_nccl, _gpu) = (null, null);
    }

    private bool AreAll(bool here)
    {
        using var missing = tensor(here ? 0.0 : 1.0);
        Sum(missing);
        return missing.item<double>() == 0;
    }

    private bool TakesNccl(Tensor tensor)
    {
        if (_nccl is null || tensor.device_type == DeviceType.CPU || tensor.numel() == 0) return false;
        ThrowIfNotContiguous(tensor);
        return true;
    }

    // Also with CUDA, Open MPI adds numbers in the host's memory, and its operations that do not block crash with a GPU's memory
    // (https://github.com/open-mpi/ompi/issues/9845).
    private void OnHost(Tensor tensor, Action<Tensor> act)
    {
        if (tensor.numel() == 0) return;
        ThrowIfNotContiguous(tensor);
        if (tensor.device_type == DeviceType.CPU)
        {
            act(tensor);
            return;
        }
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        if (!_staging.TryGetValue(tensor.dtype, out var memory) || memory.numel() < tensor.numel())
        {
            if (_staging.Remove(tensor.dtype)) memory!.Dispose();
            // The GPU copies to such memory at full speed.
            _staging[tensor.dtype] = memory = empty(tensor.numel(), dtype: tensor.dtype).pin_memory().DetachFromDisposeScope();
        }
        var host = memory.narrow(0, 0, tensor.numel()).view(tensor.shape);
        host.copy_(tensor);
        act(host);
        tensor.copy_(host);
    }

    private static void ThrowIfNotContiguous(Tensor tensor)
    {
        if (!tensor.is_contiguous()) throw new ArgumentException("The tensor is not contiguous: use a contiguous one.");
    }

    private static void* AddressOf(Tensor tensor) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    private nint TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => _mpi.Float32,
        ScalarType.Float64 => _mpi.Float64,
        var other => throw new ArgumentException($"The tensor is {other}, but only Float32 and Float64 can be summed."),
    };

    private void Broadcast(byte[] bytes)
    {
        ThrowIfLost();
        fixed (byte* begin = bytes) Wait(_mpi.Broadcast(begin, bytes.Length));
    }

    private void Wait(nint request)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int spins = 0; !_mpi.IsOver(ref request); spins++)
        {
            if (spins < Spins) continue;
            ThrowIfLost();
            if (Stopwatch.GetElapsedTime(begin) < s_longWait) Thread.Yield();
            else Thread.Sleep(1);
        }
    }

    // After a loss, Open MPI is not called any more: it would go on with operations that were given up, in memory that is freed.
    private void ThrowIfClosedOrLost()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ThrowIfLost();
    }

    private void ThrowIfLost()
    {
        if (_watch is null || !_watch.Lost.IsCancellationRequested) return;
        throw new CommunicationException(
            $"Process {_watch.LostRank} (of 0 to {Size - 1}) "
            + $"{(_watch.LostHasFailed ? "has failed" : "has ended or cannot be reached")}: go on from the last checkpoint.",
            _watch.LostRank, _watch.LostHasFailed);
    }
}
