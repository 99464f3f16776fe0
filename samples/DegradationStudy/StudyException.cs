namespace DegradationStudy;

/// <summary>The study cannot do the requested work; the message says why and what to do.</summary>
internal sealed class StudyException(string message) : Exception(message);
