using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>The families that are known.</summary>
internal static class FamilyCatalog
{
    /// <summary>All of them, in alphabetical order.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        new Gemma2(), new Gemma3(), new GptOss(), new Granite(), new Llama(), new Mistral(), new Mixtral(), new Nemotron(), new NemotronH(),
        new Olmo2(), new Olmo3(), new Olmoe(), new Phi3(), new Qwen2(), new Qwen2Moe(), new Qwen3(), new Qwen35(), new Qwen3Moe(),
        new Qwen3Next(), new SmolLm3(), new StableLm(), new StarCoder2(),
    ];

    /// <summary>The family of a <c>model_type</c>.</summary>
    /// <param name="modelType">The name in <c>config.json</c>.</param>
    /// <param name="file">The file, for the error.</param>
    /// <exception cref="EspalierException">The family is unknown; the message names the known ones.</exception>
    public static Family For(string modelType, string file) =>
        All.FirstOrDefault(family => family.ModelType == modelType)
        ?? throw new EspalierException($"{file}: model_type '{Clip(modelType)}' is not supported; known: {Known}");

    /// <summary>The family of a <c>config.json</c>.</summary>
    public static Family For(JsonObject config, string file) =>
        new ConfigFields(config, [], file).Text("model_type") is { } modelType
            ? For(modelType, file)
            : throw new EspalierException($"{file}: model_type is missing; known: {Known}");

    private static string Known => string.Join(", ", All.Select(static family => family.ModelType));

    private static string Clip(string text) => text.Length <= 80 ? text : $"{text[..77]}...";
}
