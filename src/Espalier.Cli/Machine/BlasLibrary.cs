using System.Text.Json.Serialization;

namespace Espalier.Cli.Machine;

/// <summary>Whose BLAS it is, and how its threads are made.</summary>
internal enum BlasKind
{
    OpenblasOpenmp,
    OpenblasPthread,
    OpenblasSerial,
    Openblas,
    Mkl,
    Blis,
    Atlas,
    Reference,
    PartOfLibtorch,
    Other,
}

/// <summary>The BLAS library that libtorch really uses.</summary>
/// <param name="Kind">Whose it is.</param>
/// <param name="File">Its file, links resolved; null where it is part of libtorch itself.</param>
/// <param name="Kernel">OpenBLAS: the kernel chosen for this processor.</param>
internal sealed record BlasLibrary(BlasKind Kind, string? File, string? Kernel)
{
    private static readonly (string Part, BlasKind Kind)[] kinds =
    [
        ("openblas-openmp/", BlasKind.OpenblasOpenmp),
        ("openblas-pthread/", BlasKind.OpenblasPthread),
        ("openblas-serial/", BlasKind.OpenblasSerial),
        ("libopenblas", BlasKind.Openblas),
        ("libmkl", BlasKind.Mkl),
        ("blis", BlasKind.Blis),
        ("atlas/", BlasKind.Atlas),
        ("/libtorch", BlasKind.PartOfLibtorch),
        ("/libblas", BlasKind.Reference),
    ];

    /// <summary>The kernels that OpenBLAS falls back to on a processor it does not know.</summary>
    [JsonIgnore]
    internal bool IsGeneric => Kernel is "Prescott" or "Generic" or "Core2" or "Nehalem" or "ARMV8" or "Sandybridge" or "Katmai" or "Coppermine" or "Northwood";

    /// <summary>Tells the library by its file, as Debian and the common distributions name them.</summary>
    internal static BlasLibrary Of(string file, string kernel) =>
        file.Length == 0
            ? new BlasLibrary(BlasKind.PartOfLibtorch, null, null)
            : new BlasLibrary(
                kinds.Where(k => file.Contains(k.Part, StringComparison.Ordinal)).Select(k => k.Kind).FirstOrDefault(BlasKind.Other),
                file,
                kernel.Length > 0 && file.Contains("openblas", StringComparison.Ordinal) ? kernel : null);

    /// <summary>The one that the probe's libtorch uses.</summary>
    internal static BlasLibrary OfProcess(IMachineProbe probe) => Of(Resolve(probe.BlasFile), probe.BlasKernel);

    /// <summary>The file behind links, those of folders included: Debian's choice among BLAS libraries is a link.</summary>
    private static string Resolve(string path) =>
        path.Length > 0 && System.IO.File.Exists(path) ? System.IO.File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
}
