namespace Espalier.Files;

/// <summary>The processor as /proc/cpuinfo describes it; where the system has none, all of it is unknown.</summary>
/// <param name="Vendor">GenuineIntel, AuthenticAMD, ...</param>
/// <param name="Processors">Logical processors.</param>
/// <param name="Megahertz">The present clock, or 0 where the kernel does not say.</param>
/// <param name="VectorUnits">What it has of those that matter here, under the names that people know: <c>avx2</c>,
/// <c>avx512-bf16</c>.</param>
internal sealed record CpuInfo(string Model, string Vendor, int Processors, double Megahertz, IReadOnlyList<string> VectorUnits)
{
    /// <summary>The kernel's flags that matter here, weakest first, under the names that people know.</summary>
    private static readonly (string Flag, string Name)[] s_known =
    [
        ("sse4_2", "sse4.2"), ("avx", "avx"), ("avx2", "avx2"), ("fma", "fma"), ("f16c", "f16c"), ("avx_vnni", "avx-vnni"),
        ("avx512f", "avx512"), ("avx512_vnni", "avx512-vnni"), ("avx512_bf16", "avx512-bf16"), ("avx512_fp16", "avx512-fp16"),
        ("amx_tile", "amx"), ("amx_bf16", "amx-bf16"), ("amx_int8", "amx-int8"),
        ("asimd", "neon"), ("sve", "sve"), ("sve2", "sve2"), ("bf16", "bf16"), ("i8mm", "i8mm"),
    ];

    /// <summary>Whether it has a unit, by the name in <see cref="VectorUnits"/>.</summary>
    public bool Has(string unit) => VectorUnits.Contains(unit);

    /// <summary>This machine's.</summary>
    public static CpuInfo Read() => Parse(SystemFile.Text("/proc/cpuinfo"));

    /// <summary>Reads the text of <c>/proc/cpuinfo</c>.</summary>
    public static CpuInfo Parse(string text)
    {
        var (model, vendor, processors, megahertz) = ("unknown", "unknown", 0, 0.0);
        var flags = new HashSet<string>();
        foreach (var line in text.Split('\n'))
        {
            var colon = line.IndexOf(':');
            if (colon < 0)
                continue;
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim())
            {
                case "processor":
                    processors++;
                    break;
                case "model name":
                    model = value;
                    break;
                case "vendor_id":
                    vendor = value;
                    break;
                case "cpu MHz":
                    _ = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out megahertz);
                    break;
                case "flags" or "Features" when flags.Count == 0:
                    flags.UnionWith(value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                    break;
            }
        }
        return new CpuInfo(model, vendor, processors, megahertz, [.. s_known.Where(k => flags.Contains(k.Flag)).Select(k => k.Name)]);
    }

    /// <summary>Whether it multiplies matrices in bfloat16.</summary>
    internal bool MultipliesBfloat16() => Has("avx512-bf16") || Has("amx-bf16");

    /// <summary>
    /// Float32 operations a clock cycle that a core surely reaches in a matrix product: two units of fused multiply-add for
    /// AVX2 and NEON; for AVX-512 one is counted, as many processors have only one.
    /// </summary>
    internal int SureOperationsPerCycle => this switch
    {
        _ when Has("avx512") => 32,
        _ when Has("avx2") && Has("fma") => 32,
        _ when Has("neon") => 16,
        _ => 8,
    };
}
