using System.Text.Json.Nodes;
using Espalier.Files;

namespace Espalier.Models.Gguf;

/// <summary>Finds the chat template of a folder: a file of its own, or a field of <c>tokenizer_config.json</c>.</summary>
internal static class ChatTemplate
{
    private const int LargestFile = 1 << 20;

    /// <summary>The template's source text; null where the model has none.</summary>
    public static string? Of(string folder)
    {
        var own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own))
            return new FileInfo(own).Length <= LargestFile
                ? File.ReadAllText(own)
                : throw new EspalierException(
                    $"{own}: {new FileInfo(own).Length} bytes are more than a chat template has (at most {LargestFile})");

        var config = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(config))
            return null;
        return JsonFile.Read(config)["chat_template"] switch
        {
            // Several named templates: llama.cpp's key takes the default one.
            JsonArray several =>
                several.OfType<JsonObject>().Where(t => Text(t["name"]) == "default").Select(t => Text(t["template"])).FirstOrDefault(),
            var one => Text(one),
        };
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
