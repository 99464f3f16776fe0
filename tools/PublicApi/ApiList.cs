using System.Reflection;
using System.Runtime.CompilerServices;

namespace PublicApi;

/// <summary>What an assembly shows to others: a line for each type and each public or protected member, in alphabetical order.</summary>
internal static class ApiList
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    internal static IEnumerable<string> Of(Assembly assembly) =>
        assembly.GetTypes().Where(IsShown).SelectMany(type => Members(type).Prepend(Declaration(type))).Order(StringComparer.Ordinal);

    private static bool IsShown(Type type) =>
        type.DeclaringType is { } outer ? IsShown(outer) && (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) : type.IsPublic;

    private static string Declaration(Type type)
    {
        string kind =
            type.IsEnum ? $"enum : {TypeNames.Of(type.GetEnumUnderlyingType())}"
            : type.IsInterface ? "interface"
            : type.IsSubclassOf(typeof(Delegate)) ? $"delegate {Signature(type.GetMethod("Invoke")!)}"
            : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed && !type.IsValueType ? "sealed " : "") + (type.IsValueType ? "struct" : "class");
        IEnumerable<string> bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(IsShown).Select(TypeNames.Of).Order(StringComparer.Ordinal);
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object)) bases = bases.Prepend(TypeNames.Of(parent));
        return $"{TypeNames.Of(type)} : {string.Join(", ", type.IsEnum ? [kind] : bases.Prepend(kind))}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate))) return [];
        string owner = TypeNames.Of(type);
        var methods = type.GetMethods(Own).Where(method => IsShown(method) && !IsAccessor(method) && !IsGenerated(method)).Select(method => $"{owner}.{method.Name}{Generic(method)}{Signature(method)}{Modifiers(method)}");
        var constructors = type.GetConstructors(Own).Where(constructor => IsShown(constructor) && !constructor.IsStatic).Select(constructor => $"{owner}{Parameters(constructor)}{Modifiers(constructor)}");
        var properties = type.GetProperties(Own).Where(property => property.GetAccessors(nonPublic: true).Any(IsShown) && !IsGenerated(property.GetAccessors(nonPublic: true)[0], property)).Select(property => $"{owner}.{Property(property)}");
        var fields = type.GetFields(Own).Where(field => (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName).Select(field => $"{owner}.{Field(field)}");
        var events = type.GetEvents(Own).Where(e => IsShown(e.AddMethod!)).Select(e => $"{owner}.{e.Name} : event {TypeNames.Of(e.EventHandlerType!, new NullabilityInfoContext().Create(e))}");
        return [.. constructors, .. methods, .. properties, .. fields, .. events];
    }

    private static bool IsShown(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    // What the compiler adds to records follows from what is listed.
    private static bool IsGenerated(MethodInfo method) => method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static bool IsGenerated(MethodInfo accessor, PropertyInfo property) => property.Name == "EqualityContract" && IsGenerated(accessor);

    private static string Modifiers(MethodBase method) =>
        (method.IsStatic ? " [static]" : method.IsAbstract ? " [abstract]" : method is MethodInfo { IsVirtual: true } own && own.GetBaseDefinition() != own ? " [override]" : method.IsVirtual && !method.IsFinal ? " [virtual]" : "") + (method.IsPublic ? "" : " [protected]");

    private static string Generic(MethodInfo method) => method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeNames.Of))}>" : "";

    private static string Signature(MethodInfo method) => $"{Parameters(method)} -> {TypeNames.Of(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))}";

    private static string Parameters(MethodBase method) => $"({string.Join(", ", method.GetParameters().Select(Parameter))})";

    private static string Parameter(ParameterInfo parameter)
    {
        string direction = parameter.IsOut ? "out " : parameter.IsIn && parameter.ParameterType.IsByRef ? "in " : parameter.ParameterType.IsByRef ? "ref " : "";
        if (parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute))) direction = "params ";
        string value = !parameter.HasDefaultValue ? "" : parameter is { RawDefaultValue: null, ParameterType.IsValueType: true } ? " = default" : $" = {Text(parameter.RawDefaultValue)}";
        return $"{direction}{TypeNames.Of(parameter.ParameterType, new NullabilityInfoContext().Create(parameter))} {parameter.Name}{value}";
    }

    private static string Property(PropertyInfo property)
    {
        var (get, set) = (property.GetMethod, property.SetMethod);
        bool init = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        string accessors = string.Concat(get is not null && IsShown(get) ? "get; " : "", set is not null && IsShown(set) ? init ? "init; " : "set; " : "");
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        return $"{name} : {required}{TypeNames.Of(property.PropertyType, new NullabilityInfoContext().Create(property))} {{ {accessors}}}{Modifiers((get ?? set)!)}";
    }

    private static string Field(FieldInfo field)
    {
        string type = TypeNames.Of(field.FieldType, new NullabilityInfoContext().Create(field));
        return field.IsLiteral ? $"{field.Name} = {Text(field.GetRawConstantValue())} : const {type}" : $"{field.Name} : {(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{type}";
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool yes => yes ? "true" : "false",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };
}
