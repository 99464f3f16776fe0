namespace DegradationStudy;

/// <summary>What was asked for cannot be done; the message says why and what to do.</summary>
internal sealed class StudyException(string message) : Exception(message);
