using Espalier.Torch.Native;

namespace Espalier.Cli.Machine;

/// <summary>What the environment presets for MKL, oneDNN and OpenMP, which read it once, and what of it costs speed.</summary>
internal static class EnvironmentPresets
{
    /// <summary>Spins beyond this last longer than the system's own time slices.</summary>
    private const long ManySpins = 100_000;

    private static readonly string[] s_products =
    [
        "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_VERBOSE", "ONEDNN_VERBOSE", "DNNL_DEFAULT_FPMATH_MODE",
        "ONEDNN_DEFAULT_FPMATH_MODE",
        "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "MKL_VERBOSE", "MKL_DEBUG_CPU_TYPE",
    ];

    private static readonly string[] s_openmp =
    [
        "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY",
        "KMP_AFFINITY", "KMP_BLOCKTIME", .. ThreadWaiting.OfTheUser,
    ];

    /// <summary>The variables that are set, with their values.</summary>
    internal static IReadOnlyDictionary<string, string> Read(Func<string, string?> environment) =>
        s_products.Concat(s_openmp).Select(name => (name, Value: environment(name))).Where(entry => !string.IsNullOrEmpty(entry.Value))
            .ToDictionary(entry => entry.name, entry => entry.Value!);

    /// <summary>Those by which matrix products are told something.</summary>
    internal static IReadOnlyList<string> OfProducts(IReadOnlyDictionary<string, string> presets) =>
        [.. s_products.Where(presets.ContainsKey)];

    /// <summary>What is wrong with the presets of threads.</summary>
    internal static IEnumerable<Finding> OfThreads(IReadOnlyDictionary<string, string> presets, int processors)
    {
        string? Value(string name) => presets.GetValueOrDefault(name);
        static Finding Unset(string name, string what) => new(Severity.Warning, what, $"unset {name}");

        if (int.TryParse(Value("OMP_THREAD_LIMIT"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit < processors)
            yield return Unset("OMP_THREAD_LIMIT",
                $"OMP_THREAD_LIMIT is set to {limit}, but there are {processors} processors: no command gets more threads than that");
        if (Value("OMP_DYNAMIC")?.ToLowerInvariant() is "true" or "1")
            yield return Unset("OMP_DYNAMIC",
                "OMP_DYNAMIC is set: the number of threads, and with it the last bits of results, changes with the machine's load");
        foreach (var name in new[] { "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY" })
            if (Value(name)?.ToLowerInvariant() is { } bound and not ("false" or "disabled" or "none"))
                yield return Unset(name,
                    $"{name} is set to {bound}, which pins threads to processors: "
                        + "two programs that do so compete for the same ones and leave others idle");
        if (Value("OMP_WAIT_POLICY")?.ToLowerInvariant() is "active")
            yield return Unset("OMP_WAIT_POLICY", $"OMP_WAIT_POLICY is set to active: {Spinning}");
        if (Value(ThreadWaiting.Variable) is { } spins
            && (!long.TryParse(spins, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > ManySpins))
            yield return Unset(ThreadWaiting.Variable, $"{ThreadWaiting.Variable} is set to {spins}: {Spinning}");
    }

    private const string Spinning = "waiting threads occupy their processor, which slows everything down when other programs compute too";
}
