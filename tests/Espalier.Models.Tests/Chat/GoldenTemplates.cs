using Espalier.Models.Chat;
using Espalier.Models.Chat.Python;

namespace Espalier.Tests.Chat;

/// <summary>Templates by name, and whether they render what a golden says.</summary>
/// <param name="source">The text of a template.</param>
/// <param name="tokens">The special tokens.</param>
internal sealed class GoldenTemplates(Func<string, string> source, IReadOnlyDictionary<string, string> tokens)
{
    private readonly Dictionary<string, ChatTemplate> _templates = [];

    /// <summary>The special tokens of the goldens.</summary>
    public static IReadOnlyDictionary<string, string> Tokens { get; } =
        new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["unk_token"] = "<unk>", ["pad_token"] = "<pad>" };

    /// <summary>What differs from a golden; null where nothing does.</summary>
    public string? Differs(JsonNode golden, JsonNode conversation)
    {
        var name = golden["template"]!.GetValue<string>();
        var title = $"{name}, {conversation["name"]}, {golden["add_generation_prompt"]}";
        var expected = golden["expected"]?.GetValue<string>();
        try
        {
            if (!_templates.TryGetValue(name, out var template))
                _templates[name] = template = ChatTemplate.Of(source(name), name, tokens);
            var rendering = template.Render([.. conversation["messages"]!.AsArray().Select(static m => new ChatMessage(m!.AsObject()))], new ChatOptions
            {
                AddGenerationPrompt = golden["add_generation_prompt"]!.GetValue<bool>(),
                Tools = conversation["tools"]?.AsArray(),
                Documents = conversation["documents"]?.AsArray(),
                Variables = conversation["variables"]?.AsObject(),
                Time = new StoppedClock(ExpressionGoldenTests.Now),
            });
            if (rendering.Text != expected)
                return $"{title}: {(expected is null ? $"{golden["error"]} was expected" : "")}\n{rendering.Text}\n--- expected\n{expected}";
            var spans = golden["generated"]?.AsArray().Select(static s => (s![0]!.GetValue<int>(), s[1]!.GetValue<int>())).ToList() ?? [];
            var ours = rendering.Generated.Select(s => (CodePoints.Before(expected, s.Start), CodePoints.Before(expected, s.End))).ToList();
            return spans.SequenceEqual(ours) ? null : $"{title}: generated {string.Join(' ', ours)}, expected {string.Join(' ', spans)}";
        }
        catch (EspalierException e)
        {
            return expected is null ? null : $"{title}: {e.Message}";
        }
    }

    private sealed class StoppedClock(DateTime now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}
