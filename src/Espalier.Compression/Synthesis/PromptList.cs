using Espalier.Compression.Data.Sources;
using Espalier.Models.Chat;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Synthesis;

/// <summary>What a teacher writes after, and what the lines of the result hold.</summary>
/// <param name="Form">What a line holds.</param>
/// <param name="Prompts">In their order; text i is written after number i modulo how many there are. At least one.</param>
/// <param name="Hash">Hash of all that they are read from.</param>
internal sealed record PromptList(SynthesisForm Form, IReadOnlyList<SynthesisPrompt> Prompts, string Hash)
{
    /// <summary>Texts where nothing is said: one a prompt, or the usual number.</summary>
    public int UsualCount => Form == SynthesisForm.Text ? SynthesisOptions.UsualCount : Prompts.Count;

    /// <summary>Reads what the options name.</summary>
    /// <param name="teacher">The teacher's folder, for its chat template.</param>
    /// <exception cref="EspalierException">A file cannot be read, or a prompt has no ids.</exception>
    public static PromptList Of(SynthesisOptions options, string teacher, DecoderConfig config, Tokenizer tokenizer, CancellationToken stop)
    {
        if (options.Prompts is { } file)
            return OfFile(file, options, teacher, config, tokenizer);
        if (options.Documents.Count > 0)
            return OfDocuments(options, config, tokenizer, stop);
        return new(SynthesisForm.Text, [new(null, [Start(config, tokenizer, teacher)])], "nothing");
    }

    // Where a text begins of which nothing is given: after BOS, or, where there is none, after the end of another one.
    private static int Start(DecoderConfig config, Tokenizer tokenizer, string teacher) =>
        tokenizer.BosId ?? config.BosTokenId ?? tokenizer.EosId ?? config.EosTokenIds.Select(id => (int?)id).FirstOrDefault()
        ?? throw new EspalierException($"{teacher}: has neither BOS nor EOS to begin a text with; give prompts or documents");

    private static PromptList OfFile(string file, SynthesisOptions options, string teacher, DecoderConfig config, Tokenizer tokenizer)
    {
        var given = PromptFile.Read(file, options.Count ?? int.MaxValue);
        var template = options.Plain ? null : ChatTemplate.Find(teacher);
        if (template is null && (options.System is not null || given.Any(prompt => prompt.Text is null)))
            throw new EspalierException((options.System is not null ? "a system message was given" : $"{given[0].Place}: is a conversation")
                + $", but the teacher is prompted {(options.Plain ? "plainly" : $"without a chat template: {teacher} has none")}; "
                + "give prompts as text, or an instruct model");
        return new(template is null ? SynthesisForm.Completion : SynthesisForm.Messages,
            [.. given.Select(prompt => template is null ? Plain(prompt, config, tokenizer)
                : Asked(prompt, options.System, template, config, tokenizer))], ContentHash.OfFile(file));
    }

    private static SynthesisPrompt Plain(GivenPrompt prompt, DecoderConfig config, Tokenizer tokenizer)
    {
        var ids = tokenizer.Encode(prompt.Text!);
        // A text that brings its own BOS gets no second one, and one that is gone on with is not ended.
        if (tokenizer.DoublesBos(ids))
            ids = ids[1..];
        if (tokenizer.Model.AddsEos && ids.Length > 1 && ids[^1] == tokenizer.EosId)
            ids = ids[..^1];
        tokenizer.RequireRows(ids, config.VocabularySize, prompt.Place);
        return new(prompt.Source, ids) { Text = prompt.Text };
    }

    private static SynthesisPrompt Asked(
        GivenPrompt prompt, string? system, ChatTemplate template, DecoderConfig config, Tokenizer tokenizer)
    {
        IReadOnlyList<ChatMessage> messages = prompt.Text is { } text ? [ChatMessage.User(text)] : prompt.Messages;
        if (system is not null && messages[0].Role != "system")
            messages = [ChatMessage.System(system), .. messages];
        var ids = template.Encode(tokenizer, messages, new() { AddGenerationPrompt = true, Time = TemplateDay.Instance });
        tokenizer.RequireRows(ids, config.VocabularySize, prompt.Place);
        return new(prompt.Source, ids) { Messages = messages };
    }

    private static PromptList OfDocuments(SynthesisOptions options, DecoderConfig config, Tokenizer tokenizer, CancellationToken stop)
    {
        var source = DocumentSource.Parse(options.Documents);
        var prompts = new List<SynthesisPrompt>();
        foreach (var document in source.Read(new(cancellation: stop)).Take(options.Count ?? SynthesisOptions.UsualCount))
        {
            var ids = tokenizer.Encode(document.Text);
            var special = tokenizer.Model.AddsBos ? 1 : 0;
            var kept = Math.Max(1 + special, Math.Min(options.Beginning + special, ids.Length / 2));
            if (kept > ids.Length)
                continue;
            ids = ids[..kept];
            tokenizer.RequireRows(ids, config.VocabularySize, document.Origin);
            prompts.Add(new(document.Origin[(document.Origin.LastIndexOf('/') + 1)..], ids));
        }
        return prompts.Count == 0
            ? throw new EspalierException($"{source.Description}: contains no document to begin with")
            : new(SynthesisForm.Text, prompts, ContentHash.OfText(string.Concat(source.Files.Select(ContentHash.OfFile))));
    }
}
