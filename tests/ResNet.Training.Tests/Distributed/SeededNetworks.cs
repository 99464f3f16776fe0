using ResNet.Core;

namespace ResNet.Training.Tests.Distributed;

/// <summary>Networks that threads make in place of processes: all of them draw the same weights.</summary>
internal static class SeededNetworks
{
    private static readonly Lock s_drawing = new();

    // Threads share libtorch's generator.
    internal static ResNetModel Create(string name, int classes)
    {
        lock (s_drawing) return ResNets.Create(name, classes, inputChannels: 1, seed: 3);
    }
}
