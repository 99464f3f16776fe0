using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>TorchScript: functions in a part of Python that libtorch runs by itself.</summary>
    public static class jit
    {
        /// <summary>Compiles a script of functions.</summary>
        public static CompilationUnit compile(string script) =>
            new(NativeMethods.Check(NativeMethods.tss_compile(string.IsNullOrEmpty(script) ? throw new ArgumentNullException(nameof(script)) : script)));

        /// <summary>The functions of a script.</summary>
        public class CompilationUnit : IDisposable
        {
            private nint _handle;

            internal CompilationUnit(nint handle) => _handle = handle;

            ~CompilationUnit() => Dispose(false);

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (_handle == 0) return;
                NativeMethods.tss_delete_unit(_handle);
                _handle = 0;
            }

            /// <summary>Calls a function. Tensors and lists of them can be passed and returned.</summary>
            public unsafe object invoke(string name, params object[] objs)
            {
                ObjectDisposedException.ThrowIf(_handle == 0, this);
                var arguments = Array.ConvertAll(objs, ToArg);
                var values = stackalloc Value[arguments.Length];
                var memory = new long[arguments.Sum(argument => argument.ScratchWords)];
                Value* results;
                int count;
                bool isList;
                fixed (long* start = memory)
                {
                    Arg.Write(arguments, values, start);
                    count = NativeMethods.tss_invoke(_handle, name, values, arguments.Length, &results, out isList);
                }
                Op.KeepAlive(arguments);
                GC.KeepAlive(this);
                if (count < 0) throw NativeMethods.LastError();
                var tensors = new Tensor[count];
                for (int i = 0; i < count; i++)
                {
                    if (results[i].Tag != ValueTag.Tensor) throw new NotImplementedException($"{name}() returns something else than tensors.");
                    tensors[i] = new Tensor((nint)results[i].Bits);
                }
                return isList ? tensors : tensors[0];
            }

            public TResult invoke<TResult>(string name, params object[] inputs) => (TResult)invoke(name, inputs);

            private static Arg ToArg(object argument) => argument switch
            {
                Tensor tensor => tensor,
                Tensor[] tensors => tensors,
                _ => throw new NotImplementedException($"Passing arguments of type {argument?.GetType().Name ?? "null"} to TorchScript."),
            };
        }
    }
}
