using System.Runtime.Intrinsics.X86;

namespace Espalier.Torch.Native;

/// <summary>
/// OpenBLAS 0.3.21 (Debian 12) does not know processors newer than itself and falls back to a generic kernel, about six
/// times slower. The kernel is chosen from the vector units instead.
/// </summary>
public static class BlasKernel
{
    /// <summary>A value for <c>OPENBLAS_CORETYPE</c>, or null where OpenBLAS should decide.</summary>
    public static string? ForThisProcessor() =>
        Avx512F.IsSupported && Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported ? "SkylakeX"
        : Avx2.IsSupported && Fma.IsSupported ? "Haswell"
        : null;
}
