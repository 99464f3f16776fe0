using System.Runtime.Loader;
using PublicApi;

// PublicApi check|update ASSEMBLY LIST REFERENCES
//
// Compares the public and protected members of ASSEMBLY with LIST, a member a line, or writes LIST. REFERENCES is a file with the path of an
// assembly it needs on each line. A difference is an error in the form that MSBuild and editors understand.
if (args is not [("check" or "update") and var job, var assembly, var list, var references])
{
    Console.Error.WriteLine("PublicApi check|update ASSEMBLY LIST REFERENCES");
    return 2;
}

var paths = File.ReadLines(references).GroupBy(path => Path.GetFileNameWithoutExtension(path)).ToDictionary(group => group.Key, group => group.First());
AssemblyLoadContext.Default.Resolving += (context, name) => name.Name is { } simple && paths.TryGetValue(simple, out string? path) ? context.LoadFromAssemblyPath(path) : null;
string[] found = [.. ApiList.Of(AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.GetFullPath(assembly)))];

if (job == "update")
{
    File.WriteAllLines(list, found);
    return 0;
}

string[] known = File.Exists(list) ? File.ReadAllLines(list) : [];
foreach (string member in known.Except(found)) Console.WriteLine($"{list}({Array.IndexOf(known, member) + 1}): error API001: The public member '{member}' is no longer there. Others may use it: bring it back, or build with -p:UpdatePublicApi=true to take it off the list.");
foreach (string member in found.Except(known)) Console.WriteLine($"{list}: error API002: The public member '{member}' is new. Make it internal, or build with -p:UpdatePublicApi=true to put it on the list.");
return known.ToHashSet().SetEquals(found) ? 0 : 1;
