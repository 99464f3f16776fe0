namespace ResNet.AspNetCore.Tests.Page;

/// <summary>A test that is skipped where there is no browser.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = File.Exists(Browser.Path) ? null : $"There is no {Browser.Path}: install chromium.";
}

/// <summary>A theory that is skipped where there is no browser.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = new BrowserFactAttribute().Skip;
}
