namespace Espalier.Models.Chat;

/// <summary>A template's text and where it stands.</summary>
/// <param name="Text">The source.</param>
/// <param name="Origin">The file, and the field in it.</param>
internal sealed record ChatTemplateSource(string Text, string Origin);

/// <summary>
/// Finds the chat templates of a folder as transformers does: <c>chat_template.jinja</c> and <c>additional_chat_templates/*.jinja</c>,
/// else <c>chat_template</c> of <c>tokenizer_config.json</c>, a text or a list of named ones, else <c>chat_template.json</c>.
/// </summary>
internal static class ChatTemplateFiles
{
    /// <summary>The name of the template that is taken where none is asked for.</summary>
    public const string DefaultName = "default";

    private const int LargestFile = 1 << 20;

    /// <summary>The source of the default template; null where the folder has none.</summary>
    /// <exception cref="EspalierException">A file is damaged, or too large for a template.</exception>
    public static string? Default(string folder) => All(folder).GetValueOrDefault(DefaultName)?.Text;

    /// <summary>All templates by name; the only one of a folder is the default.</summary>
    /// <exception cref="EspalierException">A file is damaged, or too large for a template.</exception>
    public static IReadOnlyDictionary<string, ChatTemplateSource> All(string folder)
    {
        var templates = new SortedDictionary<string, ChatTemplateSource>(StringComparer.Ordinal);
        var own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own))
            templates[DefaultName] = Read(own);
        var others = Path.Combine(folder, "additional_chat_templates");
        if (Directory.Exists(others))
            foreach (var path in Directory.EnumerateFiles(others, "*.jinja"))
                templates[Path.GetFileNameWithoutExtension(path)] = Read(path);
        if (templates.Count > 0)
            return templates;

        foreach (var name in new[] { "tokenizer_config.json", "chat_template.json" })
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
                continue;
            switch (JsonFile.Read(path, 1 << 26)["chat_template"])
            {
                case JsonArray several:
                    foreach (var entry in several.OfType<JsonObject>())
                        if (entry["name"].TextOf() is { } key && entry["template"].TextOf() is { } text)
                            templates[key] = new(text, $"{path}: chat_template '{key}'");
                    break;
                case var one when one.TextOf() is { } text:
                    templates[DefaultName] = new(text, $"{path}: chat_template");
                    break;
            }
            if (templates.Count > 0)
                break;
        }
        return templates;
    }

    /// <summary>A template of a file of its own.</summary>
    /// <exception cref="EspalierException">It cannot be read, or is too large for a template.</exception>
    public static ChatTemplateSource Read(string path) => new(SmallFile.ReadText(path, LargestFile), path);
}
