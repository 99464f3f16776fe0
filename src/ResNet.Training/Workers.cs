using System.Runtime.ExceptionServices;

namespace ResNet.Training;

/// <summary>Runs independent work on several threads.</summary>
internal static class Workers
{
    /// <summary>Calls the action for each number from 0 to <paramref name="count"/> - 1, and throws its first exception as it is.</summary>
    /// <param name="count">The number of calls.</param>
    /// <param name="workers">The maximum number of threads, at least 1.</param>
    /// <param name="action">The work.</param>
    /// <param name="cancellationToken">Stops between two calls.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal static void For(int count, int workers, Action<int> action, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, count, options, action);
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
