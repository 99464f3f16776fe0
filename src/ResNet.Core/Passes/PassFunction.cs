using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace ResNet.Core.Passes;

/// <summary>A training pass as a function that autograd knows: from a pass, images and parameters to the pooled vectors.</summary>
internal sealed class PassFunction : SingleTensorFunction<PassFunction>
{
    private const string Run = nameof(Run), Parameters = nameof(Parameters);

    // The pass itself, and the images.
    private const int Others = 2;

    public override string Name => nameof(PassFunction);

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var run = (PassRun)vars[0];
        ctx.save_data(Run, run);
        ctx.save_data(Parameters, vars.Length - Others);
        ctx.set_materialize_grads(false);
        // libtorch notices if they are changed before the gradients are computed.
        ctx.save_for_backward([.. vars.Skip(Others).Cast<Tensor>()]);
        return run.Forward((Tensor)vars[1]);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "None may pass through native code.")]
    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        using var gradient = grad_output;
        var run = (PassRun)ctx.get_data(Run);
        int count = (int)ctx.get_data(Parameters);
        // null is a gradient that nobody needs.
        IEnumerable<Tensor?> gradients = Enumerable.Repeat<Tensor?>(null, count);
        if (!gradient.IsInvalid)
        {
            try
            {
                if (is_grad_enabled())
                    throw new NotSupportedException("There are no kernels for gradients of gradients: set TrainingEngine to Torch.");
                foreach (var parameter in ctx.get_saved_variables()) parameter.Dispose();
                gradients = run.Backward(gradient);
            }
            catch (Exception e)
            {
                // libtorch refuses gradients of a wrong shape by an exception of its own, which backward() throws.
                run.Fail(e);
                gradients = Enumerable.Range(0, count).Select(_ => zeros(0));
            }
        }
        return [.. Enumerable.Repeat<Tensor?>(null, Others).Concat(gradients).Select(one => one!)];
    }
}
