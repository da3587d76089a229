using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>Turns a status of libtorch into an exception, with libtorch's own sentence where it tells one (since 2.13).</summary>
internal static unsafe class Status
{
    [StackTraceHidden]
    public static void Check(int status, string what)
    {
        if (status != 0)
            throw Failure(what);
    }

    /// <summary>The error about a call that libtorch has just refused.</summary>
    public static TorchException Failure(string what)
    {
        var sentence = Libtorch.LastError == null ? null : Marshal.PtrToStringUTF8((nint)Libtorch.LastError());
        return new(string.IsNullOrEmpty(sentence) ? what : $"{what}: {sentence.Split('\n')[0]}");
    }
}
