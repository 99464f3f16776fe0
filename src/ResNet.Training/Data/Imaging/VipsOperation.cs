using System.Text;
using static ResNet.Training.Data.Imaging.Vips;

namespace ResNet.Training.Data.Imaging;

/// <summary>One call of a libvips operation that makes an image: its name, its arguments by <c>Set</c>, then <c>Run</c> once.</summary>
/// <remarks>Names are UTF-8 literals, because C wants the terminating zero that those have.</remarks>
internal readonly unsafe ref struct VipsOperation
{
    private const nuint IntType = 6 << 2;

    private readonly nint _handle;

    /// <exception cref="NotSupportedException">This build of libvips lacks the operation: a loader whose library it was built without.</exception>
    public VipsOperation(ReadOnlySpan<byte> name)
    {
        EnsureInitialised();
        _handle = vips_operation_new(name);
        if (_handle == 0)
            throw new NotSupportedException($"this build of libvips has no {Encoding.UTF8.GetString(name)}");
    }

    /// <summary>Sets an integer, boolean or enumeration.</summary>
    public void Set(ReadOnlySpan<byte> property, int content)
    {
        GValue value = default;
        g_value_init(ref value, IntType);
        g_value_set_int(ref value, content);
        Set(property, ref value);
    }

    /// <summary>Passes bytes without copying them: they must stay pinned until the operation's output is disposed of.</summary>
    public void Set(ReadOnlySpan<byte> property, byte* data, int length)
    {
        var blob = vips_blob_new(0, data, (nuint)length);
        GValue value = default;
        g_value_init(ref value, vips_blob_get_type());
        g_value_set_boxed(ref value, blob);
        Set(property, ref value);
        vips_area_unref(blob);
    }

    /// <summary>Runs the operation and returns its output, the image <c>out</c>; the operation is over then, failed or not.</summary>
    /// <exception cref="VipsException">The operation failed.</exception>
    public VipsImage Run()
    {
        try
        {
            if (vips_object_build(_handle) != 0)
                throw new VipsException();
            GValue value = default;
            g_value_init(ref value, vips_image_get_type());
            g_object_get_property(_handle, "out"u8, ref value);
            var image = g_object_ref(g_value_get_object(value));
            g_value_unset(ref value);
            return new VipsImage(image);
        }
        finally
        {
            vips_object_unref_outputs(_handle);
            g_object_unref(_handle);
        }
    }

    private void Set(ReadOnlySpan<byte> property, ref GValue value)
    {
        g_object_set_property(_handle, property, value);
        g_value_unset(ref value);
    }
}
