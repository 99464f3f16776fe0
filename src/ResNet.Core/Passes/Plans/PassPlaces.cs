using ResNet.Inference.Execution.Buffers;

namespace ResNet.Core.Passes.Plans;

/// <summary>
/// Where the values of a pass and their gradients lie in one memory. Step i computes forward at the time i, and backward at the time
/// 2·steps - 1 - i; gradients take the places of values that are not needed any more, which are those of later layers.
/// </summary>
internal sealed class PassPlaces
{
    private readonly List<PassStep> _steps;
    private readonly IReadOnlyList<long> _floats;
    private readonly int[] _readers;
    private readonly int[] _lastReader;
    private readonly long[] _values;
    private readonly long?[] _gradients;
    private readonly bool[] _addsInput;
    private readonly bool[] _addsAdded;
    private readonly Arena _arena = new();

    /// <param name="steps">The steps of the plan.</param>
    /// <param name="floats">The length of each value; that of the images does not count.</param>
    internal PassPlaces(List<PassStep> steps, IReadOnlyList<long> floats)
    {
        (_steps, _floats) = (steps, floats);
        (_readers, _lastReader) = (new int[Count + 1], new int[Count + 1]);
        (_values, _gradients) = (new long[Count + 1], new long?[Count + 1]);
        (_addsInput, _addsAdded) = (new bool[Count], new bool[Count]);
        for (int step = 0; step < Count; step++)
        {
            Read(steps[step].Input, step);
            if (steps[step].Add is { } added) Read(added, step);
        }
        PlaceValues();
        PlaceGradients();
    }

    /// <summary>The length of the memory, in floats.</summary>
    internal long Length => _arena.Length;

    private int Count => _steps.Count;

    /// <summary>The place of a value.</summary>
    internal long Value(int value) => _values[value];

    /// <summary>The place of a value's gradient.</summary>
    internal long Gradient(int value) => _gradients[value]!.Value;

    /// <summary>Whether a step adds to the gradient of its input, which a later step has set.</summary>
    internal bool AddsInput(int step) => _addsInput[step];

    /// <summary>Whether a step adds to the gradient of what it adds, which a later step has set.</summary>
    internal bool AddsAdded(int step) => _addsAdded[step];

    /// <summary>Whether the next step alone reads a norm's output, which is not kept but computed again for the gradients.</summary>
    internal bool IsTransient(int value) =>
        value > 0 && value < Count && _steps[value - 1] is NormStep { Add: null } && _readers[value] == 1
        && _steps[value].Input == value && _steps[value] is ConvolutionStep or MaxPoolStep;

    private void Read(int value, int step) => (_readers[value], _lastReader[value]) = (_readers[value] + 1, step);

    private void PlaceValues()
    {
        // Those that are computed again are there at two times, so they share a place of their own.
        long renewed = Enumerable.Range(0, Count + 1).Max(value => IsRenewed(value) ? _floats[value] : 0);
        long placeOfRenewed = _arena.Place(renewed, 0, 2 * Count);
        for (int value = 1; value <= Count; value++)
        {
            int lastUse = IsReadBackward(value) ? BackwardOf(value - 1) : Math.Max(value, _lastReader[value]);
            _values[value] = IsRenewed(value) ? placeOfRenewed : _arena.Place(_floats[value], value - 1, lastUse);
        }
    }

    // From the last step to the first: the first step that writes a gradient sets it, and the others add to it.
    private void PlaceGradients()
    {
        _gradients[Count] = _arena.Place(_floats[Count], Count, LastUseOfGradient(Count));
        for (int step = Count - 1; step >= 0; step--)
        {
            int input = _steps[step].Input;
            if (_steps[step].Add is { } added)
            {
                // With a norm's sum, the gradient of what is added takes the place of that of the output.
                if (_steps[step] is NormStep && _lastReader[added] == step) _gradients[added] = _gradients[step + 1];
                else _addsAdded[step] = IsPlaced(added, step);
            }
            if (IsInPlace(_steps[step])) _gradients[input] = _gradients[step + 1];
            else if (input > 0) _addsInput[step] = IsPlaced(input, step);
        }
    }

    // Whether the gradient of a value has a place; it gets one.
    private bool IsPlaced(int value, int step)
    {
        if (_gradients[value] is not null) return true;
        _gradients[value] = _arena.Place(_floats[value], BackwardOf(step), LastUseOfGradient(value));
        return false;
    }

    // The step that computes a value needs its gradient last.
    private int LastUseOfGradient(int value)
    {
        var step = _steps[value - 1];
        if (IsInPlace(step)) return LastUseOfGradient(step.Input);
        return step is NormStep { Add: { } added } && _lastReader[added] == value - 1
            ? LastUseOfGradient(added)
            : BackwardOf(value - 1);
    }

    private int BackwardOf(int step) => (2 * Count) - 1 - step;

    private bool IsRenewed(int value) => IsTransient(value) && _steps[value] is ConvolutionStep;

    // A convolution's gradient needs its input, a norm's too, and a ReLU's after a sum its output.
    private bool IsReadBackward(int value) =>
        (!IsTransient(value) && _steps.Exists(step => step is ConvolutionStep or NormStep && step.Input == value))
        || _steps[value - 1] is NormStep { Relu: true, Add: not null };

    // The gradient of the input of a norm or of a sum takes the place of that of its output.
    private bool IsInPlace(PassStep step) => step is NormStep { Add: null } or AddStep && _readers[step.Input] == 1;
}
