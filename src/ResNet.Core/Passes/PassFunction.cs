using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace ResNet.Core.Passes;

/// <summary>A training pass as a function that autograd knows: from a pass, images and parameters to the pooled vectors.</summary>
internal sealed class PassFunction : SingleTensorFunction<PassFunction>
{
    private const string Pass = nameof(Pass);

    public override string Name => nameof(PassFunction);

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var pass = (PassRun)vars[0];
        ctx.save_data(Pass, pass);
        return pass.Forward((Tensor)vars[1]);
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var pass = (PassRun)ctx.get_data(Pass);
        using var gradient = grad_output;
        // Nothing for the pass itself and for the images.
        return [null!, null!, .. pass.Backward(gradient).Select(one => one!)];
    }
}
