using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Espalier.Torch.Native;

/// <summary>What every export returns; an error has been thrown before anyone can look at it.</summary>
[NativeMarshalling(typeof(StatusMarshaller))]
internal readonly struct Status;

/// <summary>Turns a non-zero status into an exception with libtorch's sentence, so that no check can be forgotten.</summary>
[CustomMarshaller(typeof(Status), MarshalMode.ManagedToUnmanagedOut, typeof(StatusMarshaller))]
internal static class StatusMarshaller
{
    [StackTraceHidden]
    public static Status ConvertToManaged(int status)
    {
        if (status != 0)
            throw new TorchException(Marshal.PtrToStringUTF8(NativeMethods.esp_last_error()) ?? "an unknown error");
        return default;
    }
}
