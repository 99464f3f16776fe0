namespace DegradationStudy;

/// <summary>The study's folder cannot be used; the message says why and what to do.</summary>
internal sealed class StudyException(string message) : Exception(message);
