using System.Reflection;

namespace PublicApi;

/// <summary>Types as C# writes them, with their namespaces.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint",
        [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
    };

    internal static string Of(Type type) => Of(type, nullability: null);

    /// <summary>A type, with a question mark on references that may be null.</summary>
    internal static string Of(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef) return Of(type.GetElementType()!, nullability);
        if (type.IsPointer) return Of(type.GetElementType()!) + "*";
        if (Nullable.GetUnderlyingType(type) is { } value) return Of(value) + "?";
        string mark = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray) return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        return Name(type, nullability) + mark;
    }

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (s_keywords.TryGetValue(type, out string? keyword)) return keyword;
        if (type.IsGenericParameter) return type.Name;
        var arguments = type.GetGenericArguments();
        string name = type.Name.Split('`')[0];
        int own = type.Name.Contains('`', StringComparison.Ordinal) ? arguments.Length - (type.DeclaringType?.GetGenericArguments().Length ?? 0) : 0;
        string outer = type.DeclaringType is { } declaring ? Name(declaring, nullability: null) + "." : type.Namespace is { } space ? space + "." : "";
        if (own == 0) return outer + name;
        var names = arguments.Select((argument, i) => Of(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i))).TakeLast(own);
        return $"{outer}{name}<{string.Join(", ", names)}>";
    }
}
