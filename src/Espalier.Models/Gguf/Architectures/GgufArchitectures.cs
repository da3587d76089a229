namespace Espalier.Models.Gguf.Architectures;

/// <summary>The architectures of llama.cpp that are written and read.</summary>
internal static class GgufArchitectures
{
    /// <summary>All of them, in alphabetical order.</summary>
    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new Gemma2Architecture(), new Gemma3Architecture(), new GptOssArchitecture(), new GraniteArchitecture(),
        new LlamaArchitecture(), new MixtralArchitecture(),
        new NemotronArchitecture(), new NemotronHArchitecture(), new Olmo2Architecture(), new OlmoeArchitecture(),
        new Phi3Architecture(), new Qwen2Architecture(), new Qwen2MoeArchitecture(), new Qwen3Architecture(), new Qwen3MoeArchitecture(),
        new Qwen3NextArchitecture(), new Qwen35Architecture(),
        new SmolLm3Architecture(), new StableLmArchitecture(), new StarCoder2Architecture(),
    ];

    /// <summary>The architecture that runs a model, after what it cannot express was refused.</summary>
    /// <param name="config">The model.</param>
    /// <param name="folder">Its name, for the error.</param>
    /// <exception cref="EspalierException">None runs its family, or it would compute something else.</exception>
    public static GgufArchitecture For(DecoderConfig config, string folder)
    {
        // Its own one first: what that cannot express after pruning, another may.
        GgufArchitecture[] able = [.. All.Where(one => one.Families.Contains(config.Family)).OrderBy(one => one.Name != config.Family)];
        if (able.Length == 0)
            throw new EspalierException(
                $"{folder}: cannot be exported to GGUF: the family '{config.Family}' has no GGUF architecture; supported are "
                    + string.Join(", ", All.SelectMany(one => one.Families).Distinct().Order(StringComparer.Ordinal)));
        return able.FirstOrDefault(one => one.Objection(config) is null)
            ?? throw new EspalierException($"{folder}: cannot be exported to GGUF: {able[0].Objection(config)}");
    }

    /// <summary>The architecture that a file names; of two with one name, which its keys tell.</summary>
    /// <exception cref="EspalierException">It is unknown; the message names the known ones.</exception>
    public static GgufArchitecture Of(GgufFile file)
    {
        var name = file.Metadata.Get<string>("general.architecture");
        return All.FirstOrDefault(one => one.Name == name && one.Reads(new(file, name)))
            ?? throw new EspalierException($"{file.Path}: the architecture '{name}' is not supported; known: "
                + string.Join(", ", All.Select(static one => one.Name).Distinct()));
    }
}
