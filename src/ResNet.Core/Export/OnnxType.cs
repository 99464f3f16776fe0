namespace ResNet.Core.Export;

/// <summary>The types of elements that we write, with the numbers of <c>TensorProto.DataType</c> (<c>onnx/onnx.proto</c>).</summary>
internal enum OnnxType
{
    Float32 = 1,
    Byte = 2,
    Int64 = 7,
    Float64 = 11,
}
