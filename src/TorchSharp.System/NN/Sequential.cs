using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Modules one after the other.</summary>
        public class Sequential : nn.Module<Tensor, Tensor>
        {
            private readonly List<(string Name, nn.IModule<Tensor, Tensor> Module)> _modules = [];

            protected internal Sequential(params (string name, nn.Module<Tensor, Tensor> submodule)[] modules) : base(nameof(Sequential))
            {
                foreach (var (name, module) in modules) append(name, module);
            }

            protected internal Sequential(params nn.Module<Tensor, Tensor>[] modules) : base(nameof(Sequential))
            {
                foreach (var module in modules) append(module);
            }

            public int Count => _modules.Count;

            [IndexerName("SequentialItems")]
            public nn.IModule<Tensor, Tensor> this[int index] => _modules[index].Module;

            public Sequential append(nn.IModule<Tensor, Tensor> module) =>
                append(_modules.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), module);

            public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
            {
                _modules.Add((name, module));
                return this;
            }

            // Disposes of what lies between its modules as soon as the next one has it.
            public override Tensor forward(Tensor tensor)
            {
                if (_modules.Count == 0) return tensor.alias();
                var result = _modules[0].Module.call(tensor);
                for (int i = 1; i < _modules.Count; i++)
                {
                    var previous = result;
                    result = _modules[i].Module.call(previous);
                    previous.Dispose();
                }
                return result;
            }

            public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                recurse ? Distinct(module => module.named_parameters()) : [];

            public override IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_persistent = true) =>
                recurse ? Distinct(module => module.named_buffers(true, include_persistent)) : [];

            public override IEnumerable<(string name, nn.Module module)> named_children() => _modules.Select(entry => (entry.Name, (nn.Module)entry.Module));

            public override IEnumerable<(string name, nn.Module module)> named_modules()
            {
                foreach (var child in named_children()) yield return child;
                foreach (var (child, module) in named_children())
                {
                    foreach (var (own, descendant) in module.named_modules()) yield return ($"{child}.{own}", descendant);
                }
            }

            public override nn.Module apply(Action<nn.Module> fn)
            {
                foreach (var (_, module) in named_children()) module.apply(fn);
                fn(this);
                return this;
            }

            private IEnumerable<(string, TTensor)> Distinct<TTensor>(Func<nn.Module, IEnumerable<(string, TTensor)>> members) where TTensor : Tensor
            {
                var seen = new HashSet<nint> { 0 };
                foreach (var (child, module) in named_children())
                {
                    foreach (var (own, member) in members(module))
                    {
                        if (seen.Add(member.handle)) yield return ($"{child}.{own}", member);
                    }
                }
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => new(modules);

            public static Sequential Sequential() => new(Array.Empty<Module<Tensor, Tensor>>());
        }
    }
}
