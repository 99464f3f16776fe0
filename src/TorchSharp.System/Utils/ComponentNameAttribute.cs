using System.Reflection;

namespace TorchSharp.Utils;

/// <summary>Gives a field another name under which it is registered with its module.</summary>
[AttributeUsage(AttributeTargets.Field)]
public class ComponentNameAttribute : Attribute
{
    public string? Name { get; set; }

    internal static string Of(FieldInfo field) => field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? field.Name;
}
