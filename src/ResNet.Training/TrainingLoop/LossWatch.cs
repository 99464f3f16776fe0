using ResNet.Training.Optimization.Weights;
using TorchSharp;

namespace ResNet.Training.TrainingLoop;

/// <summary>Ends a run that has diverged, without waiting for the device in each step.</summary>
internal sealed class LossWatch(OnNonFiniteLoss onNonFinite, TrainingTelemetry telemetry)
{
    // The interval of reading the losses if that would make the step wait for the device.
    private const int StepsBetweenLooks = 32;

    // The first step whose loss has not been read.
    private long _next;

    /// <summary>Returns whether a step's loss is finite; true if reading it would make the step wait for the device.</summary>
    /// <exception cref="ArithmeticException">It is not, and such steps are not to be skipped.</exception>
    internal bool IsFinite(TrainingState state, TrainingStep step)
    {
        if (!LooksAtEachStep(state) || double.IsFinite(step.FetchLoss())) return true;
        return onNonFinite == OnNonFiniteLoss.SkipStep ? false : throw Diverged(step.Number, state.Epoch);
    }

    /// <summary>Reads the losses of the last steps if it is time.</summary>
    /// <exception cref="ArithmeticException">One is not finite.</exception>
    internal void LookIfDue(TrainingState state)
    {
        if (state.Step - _next >= StepsBetweenLooks) LookAtLosses(state);
    }

    /// <summary>Reads losses and weights: a step with a finite loss can leave weights that are not finite.</summary>
    /// <exception cref="ArithmeticException">One is not finite.</exception>
    internal void ThrowIfDiverged(TrainingState state)
    {
        LookAtLosses(state);
        if (!Gradients.AreFinite(state.Weights.Weights)) throw Diverged(state.Step - 1, state.Epoch);
    }

    private static ArithmeticException Diverged(long step, int epoch) => new(
        $"The loss is no longer finite in step {step + 1}, epoch {epoch + 1}: the training has diverged. "
        + "Try a lower learning rate, a longer warm-up, or clipping of the gradients' norm.");

    // On the CPU this costs nothing. A run that skips steps or has a listener for each step waits for the device in any case.
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
