using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>Finds out whether a module has hooks, which run only if the module is called.</summary>
internal static class Hooks
{
    internal static bool Has(nn.Module<Tensor, Tensor> module) =>
        Fields<Func<nn.Module<Tensor, Tensor>, Tensor, Tensor>, Func<nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.HaveHooks(module);

    // The runtime finds the fields of a generic type only by the type's own parameters.
    private static class Fields<TBefore, TAfter>
    {
        internal static bool HaveHooks(nn.HookableModule<TBefore, TAfter> module) =>
            Before(module).Count + After(module).Count + ActionsBefore(module).Count + ActionsAfter(module).Count > 0;

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "pre_hooks")]
        private static extern ref Dictionary<string, TBefore> Before(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "post_hooks")]
        private static extern ref Dictionary<string, TAfter> After(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_pre_hooks")]
        private static extern ref Dictionary<string, Action<nn.Module>> ActionsBefore(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_post_hooks")]
        private static extern ref Dictionary<string, Action<nn.Module>> ActionsAfter(nn.HookableModule<TBefore, TAfter> module);
    }
}
