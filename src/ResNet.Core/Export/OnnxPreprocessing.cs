using ResNet.Core.Weights;
using ResNet.Imaging;
using static ResNet.Core.Export.TensorProto.Types;
using static TorchSharp.torch;

namespace ResNet.Core.Export;

/// <summary>
/// Resizing, cropping and normalising as operators. The resizing equals Pillow's (<c>src/libImaging/Resample.c</c>) to the bit: ONNX's
/// own <c>Resize</c> has no antialiasing in opset 17. Each direction is a product with a matrix of coefficients, which are whole
/// multiples of 2⁻²², then rounded to whole pixels; double precision represents all of these numbers exactly.
/// </summary>
internal static class OnnxPreprocessing
{
    private const double Unit = 1 << 22;
    private const int Black = 0, White = 255;

    /// <summary>Computes the network's input from images.</summary>
    /// <param name="pixels">Bytes <c>[N, H, W, C]</c>.</param>
    /// <param name="preprocessing">The preprocessing to apply.</param>
    internal static OnnxValue Apply(OnnxValue pixels, Preprocessing preprocessing)
    {
        var shape = pixels.Shape();
        var (height, width) = (shape.At(1), shape.At(2));
        var shorter = height.Min(width);
        OnnxValue Coefficients(OnnxValue length) =>
            OnnxPreprocessing.Coefficients(length, length * length.Integer(preprocessing.ResizeTo) / shorter, preprocessing);

        var image = pixels.Transpose(0, 3, 1, 2).To(DataType.Double);
        image = Pixels(image.MatMul(Coefficients(width).Transpose(1, 0)));
        image = Pixels(Coefficients(height).MatMul(image));
        return Normalize(image.To(DataType.Float), preprocessing);
    }

    // The weight of each pixel along a side in each pixel of the crop, [crop, side].
    private static OnnxValue Coefficients(OnnxValue side, OnnxValue resized, Preprocessing preprocessing)
    {
        var (from, to) = (side.To(DataType.Double), resized.To(DataType.Double));
        var scale = from / to;
        var start = ((to - preprocessing.CropSize) / 2.0).Round();
        var crop = side.Graph.Constant(arange(preprocessing.CropSize, dtype: ScalarType.Float64));
        var centres = (crop + start + 0.5) * scale;
        // Only downsizing averages over more pixels.
        var distances = ((from.Range() + 0.5).Unsqueeze(0) - centres.Unsqueeze(1)).Abs() / scale.Max(1);
        var weights = preprocessing.Interpolation == ImageInterpolation.Bicubic ? Cubic(distances) : Triangle(distances);
        return (weights / weights.Sum(1) * Unit).Round() / Unit;
    }

    private static OnnxValue Triangle(OnnxValue distance) => (distance * -1 + 1).Relu();

    // Keys' kernel with a = −1/2.
    private static OnnxValue Cubic(OnnxValue x)
    {
        var near = (x * 1.5 - 2.5) * x * x + 1;
        var far = ((x * -0.5 + 2.5) * x - 4) * x + 2;
        return x.Less(1).Where(near, x.Less(2).Where(far, x * 0));
    }

    private static OnnxValue Pixels(OnnxValue image) => (image + 0.5).Floor().Clip(Black, White);

    private static OnnxValue Normalize(OnnxValue image, Preprocessing preprocessing)
    {
        OnnxValue Channels(IEnumerable<float> values) => image.Graph.Constant(tensor(values.ToArray()).reshape(1, -1, 1, 1));
        return (image / Channels([White]) - Channels(preprocessing.Mean)) / Channels(preprocessing.Deviation);
    }
}
