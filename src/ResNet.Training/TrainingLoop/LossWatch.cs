using ResNet.Training.Optimization.Weights;
using TorchSharp;

namespace ResNet.Training.TrainingLoop;

/// <summary>Ends a run that has diverged, without waiting for the device in each step.</summary>
internal sealed class LossWatch(OnNonFiniteLoss onNonFinite, TrainingTelemetry telemetry)
{
    // How often the losses are looked at where doing so holds the device up.
    private const int StepsBetweenLooks = 32;

    // The first step whose loss has not been looked at.
    private long _next;

    /// <summary>Whether a step's loss is finite; true where finding out would hold the device up.</summary>
    /// <exception cref="ArithmeticException">It is not, and such steps are not to be skipped.</exception>
    internal bool IsFinite(TrainingState state, TrainingStep step)
    {
        if (!LooksAtEachStep(state) || double.IsFinite(step.FetchLoss())) return true;
        return onNonFinite == OnNonFiniteLoss.SkipStep ? false : throw Diverged(step.Number, state.Epoch);
    }

    /// <summary>Looks at the losses where the last look is long ago.</summary>
    /// <exception cref="ArithmeticException">One is not finite.</exception>
    internal void LookIfDue(TrainingState state)
    {
        if (state.Step - _next >= StepsBetweenLooks) LookAtLosses(state);
    }

    /// <summary>Looks at losses and weights: a step whose loss is finite can spoil the weights all the same.</summary>
    /// <exception cref="ArithmeticException">One is not finite.</exception>
    internal void ThrowIfDiverged(TrainingState state)
    {
        LookAtLosses(state);
        if (!Gradients.AreFinite(state.Weights.Weights)) throw Diverged(state.Step - 1, state.Epoch);
    }

    private static ArithmeticException Diverged(long step, int epoch) => new(
        $"The loss is no longer finite in step {step + 1}, epoch {epoch + 1}: the training has diverged. "
        + "Try a lower learning rate, a longer warm-up, or clipping of the gradients' norm.");

    // On the CPU it costs nothing; whoever skips steps or listens to each of them waits for the device in any case.
    private bool LooksAtEachStep(TrainingState state) =>
        state.Model.Device.type == DeviceType.CPU || onNonFinite == OnNonFiniteLoss.SkipStep || telemetry.HasStepListener;

    private void LookAtLosses(TrainingState state)
    {
        long from = _next;
        _next = state.Step;
        if (onNonFinite == OnNonFiniteLoss.SkipStep || from >= _next) return;
        int bad = Array.FindIndex(state.FetchLosses(from), loss => !double.IsFinite(loss));
        if (bad >= 0) throw Diverged(from + bad, state.Epoch);
    }
}
