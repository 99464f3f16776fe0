using System.Reflection;
using TorchSharp;
using Xunit.Sdk;

[assembly: ResNet.Testing.KeepTensors]

namespace ResNet.Testing;

/// <summary>
/// Keeps the tensors of every test until the test ends.
/// </summary>
/// <remarks>
/// TorchSharp passes handles to native code and does not keep the tensors themselves: in <c>tensor.contiguous().clone()</c> the collector
/// may free the copy while it is being copied, and the test reads memory that others use already. The libraries dispose all that they make.
/// Asynchronous tests may change their thread, to which scopes belong: they dispose their own.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class KeepTensorsAttribute : BeforeAfterTestAttribute
{
    [ThreadStatic]
    private static DisposeScope? s_scope;

    public override void Before(MethodInfo methodUnderTest)
    {
        if (!typeof(Task).IsAssignableFrom(methodUnderTest.ReturnType) && !IsExempt(methodUnderTest)) s_scope = torch.NewDisposeScope();
    }

    public override void After(MethodInfo methodUnderTest)
    {
        s_scope?.Dispose();
        s_scope = null;
    }

    private static bool IsExempt(MethodInfo method) => method.ReflectedType!.IsDefined(typeof(LeavesTensorsAttribute));
}

/// <summary>Marks tests of what the collector frees: their tensors are not kept.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class LeavesTensorsAttribute : Attribute;
