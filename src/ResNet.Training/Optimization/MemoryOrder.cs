namespace ResNet.Training.Optimization;

/// <summary>How images, and with them the weights of convolutions, lie in memory.</summary>
internal enum MemoryOrder
{
    /// <summary><c>[N, C, H, W]</c>.</summary>
    Contiguous,

    /// <summary><c>[N, H, W, C]</c>.</summary>
    ChannelsLast,

    /// <summary>Channels-last in the stem, and contiguous from its pooling on.</summary>
    ChannelsLastStem,
}
