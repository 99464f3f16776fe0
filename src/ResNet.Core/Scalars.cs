using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>Reads single numbers from tensors and computes with tensors and numbers; operations in place return the tensor.</summary>
/// <remarks>
/// TorchSharp makes a native object of each number, a <see cref="Scalar"/>, and leaves it to the garbage collector. These small objects
/// lie between the large blocks of a training step and keep glibc from merging the free memory around them: the process grows by
/// megabytes a step. Here they are disposed of at once.
/// </remarks>
internal static class Scalars
{
    // Of the one type that tensors of all types take.
    private static readonly Scalar s_one = 1;

    /// <summary>The only element; waits for the device.</summary>
    internal static double ReadDouble(this Tensor tensor)
    {
        using var number = tensor.ToScalar();
        return number.ToDouble();
    }

    /// <summary>The only element; waits for the device.</summary>
    internal static long ReadInt64(this Tensor tensor)
    {
        using var number = tensor.ToScalar();
        return number.ToInt64();
    }

    /// <summary>The sum with a number: a new tensor.</summary>
    internal static Tensor Plus(this Tensor tensor, double value)
    {
        using Scalar number = value;
        return tensor.add(number, s_one);
    }

    /// <summary>Sets all elements to a number.</summary>
    internal static Tensor FillInPlace(this Tensor tensor, double value)
    {
        using Scalar number = value;
        return tensor.fill_(number);
    }

    /// <summary>Adds another tensor.</summary>
    internal static Tensor AddInPlace(this Tensor tensor, Tensor other) => tensor.add_(other, s_one);

    /// <summary>Adds another tensor times a number.</summary>
    internal static Tensor AddInPlace(this Tensor tensor, Tensor other, double factor)
    {
        using Scalar number = factor;
        return tensor.add_(other, number);
    }

    /// <summary>Adds a number.</summary>
    internal static Tensor AddInPlace(this Tensor tensor, double value)
    {
        using Scalar number = value;
        return tensor.add_(number, s_one);
    }

    /// <summary>Adds the product of two other tensors and a number.</summary>
    internal static Tensor AddProductInPlace(this Tensor tensor, Tensor left, Tensor right, double factor)
    {
        using Scalar number = factor;
        return tensor.addcmul_(left, right, number);
    }

    /// <summary>Adds the quotient of two other tensors, times a number.</summary>
    internal static Tensor AddQuotientInPlace(this Tensor tensor, Tensor dividend, Tensor divisor, double factor)
    {
        using Scalar number = factor;
        return tensor.addcdiv_(dividend, divisor, number);
    }

    /// <summary>Multiplies by a number.</summary>
    internal static Tensor MultiplyInPlace(this Tensor tensor, double factor)
    {
        using Scalar number = factor;
        return tensor.mul_(number);
    }

    /// <summary>Divides by a number.</summary>
    internal static Tensor DivideInPlace(this Tensor tensor, double divisor)
    {
        using Scalar number = divisor;
        return tensor.div_(number);
    }

    /// <summary>Raises smaller values to a minimum.</summary>
    internal static Tensor RaiseInPlace(this Tensor tensor, double minimum)
    {
        using Scalar number = minimum;
        return tensor.clamp_min_(number);
    }

    /// <summary>Lowers greater values to a maximum.</summary>
    internal static Tensor LowerInPlace(this Tensor tensor, double maximum)
    {
        using Scalar number = maximum;
        return tensor.clamp_max_(number);
    }
}
