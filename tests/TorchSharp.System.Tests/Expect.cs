using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

// The seed of the random numbers, the number of threads and the count of live tensors belong to the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace TorchSharp.Tests;

/// <summary>
/// Comparison with values that somebody else worked out. Where a test's comment is a line or two of Python, its values
/// are what PyTorch 1.13.1 answers to them; <c>pattern</c> stands for <see cref="Pattern"/> there.
/// </summary>
internal static class Expect
{
    // Tensors this small gain nothing from several threads, and on a busy machine those wait for each other.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void ComputeOnOneThread() => set_num_threads(1);
#pragma warning restore CA2255

    /// <summary>Checks the shape and, in row-major order, the elements; the tolerance grows with values above 1.</summary>
    internal static void ShouldBe(this Tensor actual, long[] shape, double[] values, double tolerance = 1e-6)
    {
        actual.shape.Should().Equal(shape);
        var elements = Elements(actual);
        elements.Should().HaveCount(values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            bool same = elements[i].Equals(values[i]) || Math.Abs(elements[i] - values[i]) <= tolerance * Math.Max(1, Math.Abs(values[i]));
            same.Should().BeTrue("element {0} should be {1}, but is {2}; all of them are [{3}]", i, values[i], elements[i], string.Join(", ", elements));
        }
    }

    /// <summary>Checks a tensor without dimensions.</summary>
    internal static void ShouldBe(this Tensor actual, double value, double tolerance = 1e-6) => actual.ShouldBe([], [value], tolerance);

    internal static double[] Elements(this Tensor tensor) =>
        tensor.numel() == 0 ? [] : tensor.detach().to(float64).data<double>().ToArray();

    /// <summary>The float32 numbers ((7 (i + start)) mod 11 - 5) / 4 for i = 0, 1, …: neither sorted nor symmetric, and exact.</summary>
    internal static Tensor Pattern(long[] shape, int start = 0)
    {
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        for (int i = 0; i < values.Length; i++) values[i] = ((7 * (i + start) % 11) - 5) / 4f;
        return tensor(values, shape);
    }

    /// <summary>The first line of libtorch's error.</summary>
    internal static string LibtorchError(Action action) => action.Should().Throw<ExternalException>().Which.Message.Split('\n')[0];

    internal static string LibtorchError(Func<object?> function) => LibtorchError(() => { _ = function(); });

    /// <summary>Runs the action on a thread of its own, which knows no dispose scope and no gradient mode of the test's.</summary>
    internal static void OnAnotherThread(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                thrown = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (thrown is not null) ExceptionDispatchInfo.Throw(thrown);
    }

    /// <summary>Reclaims what earlier tests have dropped, so that counts stand still.</summary>
    internal static void CollectGarbage()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
