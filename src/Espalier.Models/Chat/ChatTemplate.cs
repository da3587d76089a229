using Espalier.Models.Chat.Jinja;
using Espalier.Models.Chat.Python;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Chat;

/// <summary>
/// The chat template of a model: turns messages into the text that the model was trained on, with the text of transformers'
/// <c>apply_chat_template</c>. Safe for use from several threads.
/// </summary>
internal sealed class ChatTemplate
{
    // What transformers hands to templates of the special tokens that a folder names.
    private static readonly string[] s_specialTokens =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly IReadOnlyDictionary<string, (string Origin, Lazy<JinjaTemplate> Template)> _templates;
    private readonly IReadOnlyDictionary<string, ChatTemplateSource> _sources;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;

    private ChatTemplate(
        IReadOnlyDictionary<string, ChatTemplateSource> sources, IReadOnlyDictionary<string, string> specialTokens, string place)
    {
        _templates = sources.ToDictionary(static source => source.Key,
            static source => (source.Value.Origin, new Lazy<JinjaTemplate>(() => Read(source.Value))));
        (_sources, _specialTokens, Place) = (sources, specialTokens, place);
    }

    /// <summary>The folder, or what else was named as the template's place.</summary>
    public string Place { get; }

    /// <summary>The names of the templates.</summary>
    public IReadOnlyCollection<string> Names => [.. _templates.Keys];

    /// <summary>The template of a folder.</summary>
    /// <exception cref="EspalierException">The folder has none, or it cannot be read.</exception>
    public static ChatTemplate Load(string folder) => Find(folder) ?? throw new EspalierException(
        $"{folder}: has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json): use an instruct model, or put "
            + "the template of its family there");

    /// <summary>The template of a folder; null where it has none.</summary>
    /// <exception cref="EspalierException">It cannot be read, or is not well-formed.</exception>
    public static ChatTemplate? Find(string folder)
    {
        var sources = ChatTemplateFiles.All(folder);
        if (sources.Values.FirstOrDefault(source => string.IsNullOrWhiteSpace(source.Text)) is { } empty)
            throw new EspalierException($"{empty.Origin} is empty");
        return sources.Count == 0 ? null : new(sources, SpecialTokens(folder), folder);
    }

    /// <summary>A template of a file, with the special tokens of a model's folder.</summary>
    /// <param name="file">The template: Jinja.</param>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="EspalierException">It cannot be read, is empty, or is not well-formed.</exception>
    public static ChatTemplate OfFile(string file, string folder)
    {
        var source = ChatTemplateFiles.Read(file);
        return string.IsNullOrWhiteSpace(source.Text) ? throw new EspalierException($"{file} is empty")
            : new(new Dictionary<string, ChatTemplateSource> { [ChatTemplateFiles.DefaultName] = source }, SpecialTokens(folder), file);
    }

    /// <summary>A template that stands by itself.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="origin">What errors call it.</param>
    /// <param name="specialTokens">Variables such as <c>bos_token</c>; null for none.</param>
    public static ChatTemplate Of(string source, string origin, IReadOnlyDictionary<string, string>? specialTokens = null) => new(
        new Dictionary<string, ChatTemplateSource> { [ChatTemplateFiles.DefaultName] = new(source, origin) },
        specialTokens ?? new Dictionary<string, string>(), origin);

    /// <summary>Whether a variable is the conversation's own, or a special token: none that callers may give beside them.</summary>
    public static bool IsReserved(string name) => name is "messages" or "tools" || s_specialTokens.Contains(name);

    /// <summary>Reads all templates, which otherwise happens when they are first used.</summary>
    /// <exception cref="EspalierException">One is not well-formed.</exception>
    public void Check()
    {
        foreach (var (_, template) in _templates.Values)
            _ = template.Value;
    }

    /// <summary>The source of the template that is taken where nothing or tools are given.</summary>
    /// <param name="hasTools">Whether tools are.</param>
    public string Source(bool hasTools) => _sources.GetValueOrDefault(NameOf(null, hasTools))?.Text ?? "";

    /// <summary>The text of messages.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with what starts an answer of the assistant.</param>
    /// <exception cref="EspalierException">The template is damaged, refuses the messages, or uses more than it may.</exception>
    public string Render(IEnumerable<ChatMessage> messages, bool addGenerationPrompt = false) =>
        Render(messages, new ChatOptions { AddGenerationPrompt = addGenerationPrompt }).Text;

    /// <summary>The text of messages, and where the assistant's part stands if the template marks it.</summary>
    /// <exception cref="EspalierException">The template is damaged, refuses the messages, or uses more than it may.</exception>
    public ChatRendering Render(IEnumerable<ChatMessage> messages, ChatOptions options)
    {
        var (origin, template) = Choose(options);
        var fields = messages.Select(static message => message.Fields).ToList();
        var mark = options.ContinueFinalMessage ? new FinalMessage(fields, origin, options) : null;
        try
        {
            var rendering = template.Value.Render(Variables(mark?.Marked ?? fields, options),
                options.Time.GetLocalNow().DateTime, options.Limits);
            var text = rendering.Text;
            return new(mark?.Cut(text) ?? text, rendering.Generated) { HasLostGeneration = rendering.HasLostGeneration };
        }
        catch (TemplateFault fault)
        {
            throw Error(origin, fault);
        }
    }

    /// <summary>
    /// The ids of messages. Special tokens that the text has are recognised, and none are added around it, as a template writes its own:
    /// BOS stands once.
    /// </summary>
    public int[] Encode(Tokenizer tokenizer, IEnumerable<ChatMessage> messages, ChatOptions options) =>
        tokenizer.Encode(Render(messages, options).Text, addSpecialTokens: false);

    private (string Origin, Lazy<JinjaTemplate> Template) Choose(ChatOptions options)
    {
        var name = NameOf(options.TemplateName, options.Tools is not null);
        return _templates.TryGetValue(name, out var found) ? found
            : throw new EspalierException($"{Place}: has no chat template '{name}'; it has {string.Join(", ", _templates.Keys)}");
    }

    private string NameOf(string? asked, bool hasTools) => asked
        ?? (hasTools && _templates.Count > 1 && _templates.ContainsKey("tool_use") ? "tool_use"
            : ChatTemplateFiles.DefaultName);

    private IEnumerable<(string, object?)> Variables(IEnumerable<JsonObject> messages, ChatOptions options)
    {
        foreach (var (name, token) in _specialTokens)
            yield return (name, token);
        yield return ("messages", messages.Select(static message => JsonValues.Of(message)).ToList());
        yield return ("tools", JsonValues.Of(options.Tools));
        yield return ("documents", JsonValues.Of(options.Documents));
        yield return ("add_generation_prompt", options.AddGenerationPrompt);
        foreach (var (name, value) in options.Variables ?? [])
            yield return (name, JsonValues.Of(value));
    }

    private static Dictionary<string, string> SpecialTokens(string folder)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        var kind = TokenizerClass.Of(path);
        var tokens = new Dictionary<string, string>();
        foreach (var name in s_specialTokens)
        {
            var (known, text) = TokenizerFile.SpecialToken(path, name);
            text = known ? text : name == "bos_token" ? kind?.Bos : name == "eos_token" ? kind?.Eos : null;
            if (text is not null)
                tokens[name] = text;
        }
        return tokens;
    }

    private static JinjaTemplate Read(ChatTemplateSource source)
    {
        try
        {
            return new(source.Text);
        }
        catch (TemplateFault fault)
        {
            throw Error(source.Origin, fault);
        }
    }

    private static EspalierException Error(string origin, TemplateFault fault) =>
        new($"{origin}, line {fault.Line}: {fault.Message}", fault);
}
