namespace ResNet.Training.Data.Imaging;

/// <summary>A libvips operation failed.</summary>
/// <remarks>
/// It carries no reason: the reasons of all threads gather in one buffer of libvips, and only who makes sure that no other
/// failure is under way can tell which of them is its own.
/// </remarks>
internal sealed class VipsException() : Exception("A libvips operation failed.");
