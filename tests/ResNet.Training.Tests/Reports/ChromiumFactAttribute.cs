namespace ResNet.Training.Tests.Reports;

/// <summary>A test that loads a page in Chromium: skipped if Chromium is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = Chromium.Missing;
}
