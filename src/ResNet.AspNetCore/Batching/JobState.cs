namespace ResNet.AspNetCore.Batching;

/// <summary>Where a picture is on its way.</summary>
internal enum JobState
{
    /// <summary>In the queue.</summary>
    Waiting,

    /// <summary>A decoder copies the caller's bytes.</summary>
    Copying,

    /// <summary>A decoder reads its copy.</summary>
    Decoding,

    /// <summary>Its pixels are ready for the network.</summary>
    Decoded,

    /// <summary>It is part of a batch.</summary>
    Computing,

    /// <summary>It is answered, refused or cancelled.</summary>
    Ended,
}
