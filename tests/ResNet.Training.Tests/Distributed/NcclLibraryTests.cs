using System.Diagnostics;
using System.Runtime.InteropServices;
using ResNet.Testing;
using ResNet.Training.Distributed;

namespace ResNet.Training.Tests.Distributed;

/// <summary>Calls of NCCL, of which a program in C takes the place: it checks the arguments as its header declares them.</summary>
public sealed unsafe class NcclLibraryTests : IDisposable
{
    // The declarations are those of nccl.h; the numbers lie in the host's memory here.
    private const string Stub =
        """
        #include <stddef.h>
        typedef struct { char internal[128]; } ncclUniqueId;
        typedef struct comm { int size, rank, aborted, destroyed; } *ncclComm_t;
        static struct comm the;
        int ncclGetUniqueId(ncclUniqueId* id) { for (int i = 0; i < 128; i++) id->internal[i] = (char)(i * 3); return 0; }
        int ncclCommInitRank(ncclComm_t* comm, int size, ncclUniqueId id, int rank) {
            for (int i = 0; i < 128; i++) if (id.internal[i] != (char)(i * 3)) return 4;
            if (rank >= size) return 5;
            the.size = size, the.rank = rank; *comm = &the; return 0;
        }
        int ncclAllReduce(const void* from, void* to, size_t count, int type, int operation, ncclComm_t comm, void* stream) {
            if (comm != &the || operation != 0 || stream != NULL) return 4;
            for (size_t i = 0; i < count; i++) {
                if (type == 7) ((float*)to)[i] = the.size * ((const float*)from)[i];
                else if (type == 8) ((double*)to)[i] = the.size * ((const double*)from)[i];
                else return 4;
            }
            return 0;
        }
        int ncclBroadcast(const void* from, void* to, size_t count, int type, int root, ncclComm_t comm, void* stream) {
            if (comm != &the || type != 1 || root != 0 || stream != NULL) return 4;
            for (size_t i = 0; i < count; i++) ((char*)to)[i] = ((const char*)from)[i] + 1;
            return 0;
        }
        int ncclCommAbort(ncclComm_t comm) { comm->aborted++; return 0; }
        int ncclCommDestroy(ncclComm_t comm) { comm->destroyed++; return 0; }
        const char* ncclGetErrorString(int code) { return code == 5 ? "invalid usage" : "invalid argument"; }
        int ended(void) { return the.aborted * 10 + the.destroyed; }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ClangFact]
    public void All_functions_get_the_arguments_that_their_header_declares()
    {
        var nccl = NcclLibrary.TryOpen(Compile())!;
        byte[] id = nccl.NewId();
        id.Should().Equal(Enumerable.Range(0, 128).Select(i => (byte)(i * 3)));
        Action tooFew = () => nccl.Join(id, rank: 2, size: 2);
        tooFew.Should().Throw<ExternalException>().WithMessage("NCCL has failed (invalid usage): *");
        nccl.Join(id, rank: 1, size: 3);
        float[] floats = [1, 2.5f];
        double[] doubles = [-1, 0.25, 7];
        byte[] bytes = [1, 2, 3, 4];
        fixed (float* numbers = floats) nccl.Sum(numbers, floats.Length, areDoubles: false);
        fixed (double* numbers = doubles) nccl.Sum(numbers, doubles.Length, areDoubles: true);
        fixed (byte* numbers = bytes) nccl.Broadcast(numbers, 3);
        floats.Should().Equal(3, 7.5f);
        doubles.Should().Equal(-3, 0.75, 21);
        bytes.Should().Equal(2, 3, 4, 4);
        nccl.Abort();
        nccl.Close();
        var ended = (delegate* unmanaged<int>)NativeLibrary.GetExport(NativeLibrary.Load(_folder.File("stub.so")), "ended");
        ended().Should().Be(10, "what was aborted is not left again");
        Action late = () => nccl.Sum(null, 0, areDoubles: false);
        late.Should().Throw<CommunicationException>();
    }

    [Fact]
    public void Without_the_library_there_is_none() => NcclLibrary.TryOpen(_folder.File("none.so")).Should().BeNull();

    [Fact]
    public void The_address_of_a_tensor_is_that_of_its_numbers()
    {
        using var numbers = TorchSharp.torch.tensor([1f, 2, 3]);
        using var rest = numbers.narrow(0, 1, 2);
        ((nint)CudaDevice.AddressOf(rest)).Should().NotBe(0).And.Be((nint)CudaDevice.AddressOf(numbers) + sizeof(float));
        (*(float*)CudaDevice.AddressOf(rest)).Should().Be(2);
    }

    private string Compile()
    {
        string source = _folder.File("stub.c"), library = _folder.File("stub.so");
        File.WriteAllText(source, Stub);
        using var compiler = Process.Start("clang", ["-shared", "-fPIC", "-O1", "-o", library, source]);
        compiler.WaitForExit();
        compiler.ExitCode.Should().Be(0);
        return library;
    }

    private sealed class ClangFactAttribute : FactAttribute
    {
        public ClangFactAttribute()
        {
            if (!File.Exists("/usr/bin/clang")) Skip = "clang is not installed: apt-get install clang.";
        }
    }
}
