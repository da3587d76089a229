namespace Espalier.Benchmarks;

/// <summary>The machine, as results name it.</summary>
internal static class Machine
{
    /// <summary>The processor's name in a form for folders; its family and model where the name says little.</summary>
    public static string Folder
    {
        get
        {
            var name = string.Join('-', $"{Field("model name")} family {Field("cpu family")} model {Field("model")}".ToLowerInvariant()
                .Split([' ', '(', ')', '@', ',', '/'], StringSplitOptions.RemoveEmptyEntries));
            return name.Length == 0 ? "unknown" : name;
        }
    }

    public static JsonObject Describe() => new()
    {
        ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture),
        ["processor"] = Field("model name"),
        ["family"] = Field("cpu family"),
        ["model"] = Field("model"),
        ["processors"] = Environment.ProcessorCount,
        ["vector_units"] =
            string.Join(' ',
                Field("flags").Split(' ')
                    .Where(flag => flag is "avx2" or "avx512f" or "avx512_bf16" or "amx_bf16" or "avx_vnni" or "avx512_vnni")),
        ["memory_gib"] = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1),
        ["dotnet"] = Environment.Version.ToString(),
        ["commit"] = Environment.GetEnvironmentVariable("ESPALIER_COMMIT") ?? "",
        ["load_at_start"] = File.ReadAllText("/proc/loadavg").Split(' ')[0],
    };

    private static string Field(string name) => File.ReadLines("/proc/cpuinfo")
        .Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == name)?[1].Trim() ?? "";
}
