using Espalier.Models.Chat;
using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Chat;

/// <summary>
/// Which tokens of a conversation the assistant wrote: by generation blocks as transformers says, and by the difference of beginnings.
/// </summary>
public sealed class AssistantMaskTests
{
    private const string Turns = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</end>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    private static readonly ChatMessage[] s_messages =
    [
        ChatMessage.System("Be brief."), ChatMessage.User("What is two and two?"), ChatMessage.Assistant("Four, I say \U0001f600."),
        ChatMessage.User("And three?"), ChatMessage.Assistant("Seven"),
    ];

    [Fact]
    public void Generation_blocks_mask_the_tokens_that_transformers_masks()
    {
        var conversations = File.ReadAllLines(Fixtures.Golden("chat", "conversations.jsonl")).Select(static line => JsonNode.Parse(line)!)
            .ToDictionary(static one => one["name"]!.GetValue<string>());
        var goldens = File.ReadAllLines(Fixtures.Golden("chat", "masks.jsonl")).Select(static line => JsonNode.Parse(line)!).ToList();
        Assert.True(goldens.Count > 100);
        var wrong = new List<string>();
        foreach (var group in goldens.GroupBy(static golden => golden["tokenizer"]!.GetValue<string>()))
        {
            var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", group.Key));
            foreach (var golden in group)
            {
                var (name, conversation) = (golden["template"]!.GetValue<string>(), conversations[golden["conversation"]!.GetValue<string>()]);
                var template = ChatTemplate.Of(File.ReadAllText(Fixtures.Golden("chat", "templates", $"{name}.jinja")), name, GoldenTemplates.Tokens);
                var ours = AssistantMask.Of(template, tokenizer,
                    [.. conversation["messages"]!.AsArray().Select(static m => new ChatMessage(m!.AsObject()))], new ChatOptions
                    {
                        Tools = conversation["tools"]?.AsArray(),
                        Documents = conversation["documents"]?.AsArray(),
                        Variables = conversation["variables"]?.AsObject(),
                    });
                if (!ours.Ids.SequenceEqual(Numbers(golden["ids"]!)) || !IsSame(tokenizer, ours, [.. Numbers(golden["mask"]!)]))
                    wrong.Add($"{group.Key}, {name}, {golden["conversation"]}: ids {(ours.Ids.SequenceEqual(Numbers(golden["ids"]!)) ? "equal" : "differ")}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {goldens.Count} differ:\n{string.Join('\n', wrong)}");
    }

    [Theory]
    [InlineData("gpt2-prefix-space")]
    [InlineData("llama2-byte-fallback")]
    [InlineData("llama3-bpe")]
    public void Without_generation_blocks_the_answers_are_what_comes_with_their_messages(string name)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", name));
        var places = Written(tokenizer, AssistantMask.Of(ChatTemplate.Of(Turns, "turns"), tokenizer, s_messages, new()));
        // A token may reach over a turn's border; it is left out then, so what is masked lies in the answers.
        Assert.Equal(2, places.Count);
        Assert.Contains("Four, I say \U0001f600.", places[0], StringComparison.Ordinal);
        Assert.Contains("Seven", places[1], StringComparison.Ordinal);
        Assert.All(places, static text => Assert.DoesNotContain("user", text, StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_user_writes_changes_no_token_of_the_mask()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var template = ChatTemplate.Of(Turns, "turns");
        int[] Masked(params ChatMessage[] messages) =>
            AssistantMask.Of(template, tokenizer, messages, new()) is var mask ? [.. mask.Ids.Where((_, i) => mask.IsAssistant[i])] : [];
        ChatMessage[] others = [.. s_messages.Select(static m => m.Role == "assistant" ? m : new ChatMessage(m.Role, m.Content() + " Really?"))];
        Assert.NotEmpty(Masked(s_messages));
        Assert.Equal(Masked(s_messages), Masked(others));
        Assert.Empty(Masked(ChatMessage.User("hi")));
    }

    [Fact]
    public void What_a_template_writes_at_the_end_only_belongs_to_no_earlier_answer()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var template = ChatTemplate.Of(Turns + "{% if not add_generation_prompt %}[EOS]{% endif %}", "turns");
        var places = Written(tokenizer, AssistantMask.Of(template, tokenizer, s_messages, new()));
        Assert.DoesNotContain("[EOS]", places[0], StringComparison.Ordinal);
        Assert.Contains("[EOS]", places[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_places_cannot_be_known_the_way_out_is_said()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var forgetful = ChatTemplate.Of(
            "{% for m in messages %}<{{ m.role }}>{{ m.content if loop.last else m.content[:3] }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
            "forgetful");
        var error = Assert.Throws<EspalierException>(() => AssistantMask.Of(forgetful, tokenizer, s_messages, new()));
        Assert.Contains("forgetful: message 3 is the assistant's", error.Message, StringComparison.Ordinal);
        Assert.Contains("{% generation %}", error.Message, StringComparison.Ordinal);

        var lost = ChatTemplate.Of("{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ m() }}", "lost");
        error = Assert.Throws<EspalierException>(() => AssistantMask.Of(lost, tokenizer, s_messages, new()));
        Assert.Contains("lost: {% generation %} is inside a macro", error.Message, StringComparison.Ordinal);
        Assert.Throws<EspalierException>(() => AssistantMask.Of(lost, tokenizer, s_messages, new() { AddGenerationPrompt = true }));
    }

    [Fact]
    public void Bos_stands_once_where_the_template_writes_it()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var bos = tokenizer.BosId!.Value;
        var template = ChatTemplate.Of("{{ bos_token }}" + Turns, "turns",
            new Dictionary<string, string> { ["bos_token"] = tokenizer.TokenText(bos)! });
        var ids = template.Encode(tokenizer, s_messages, new());
        Assert.Equal(bos, ids[0]);
        Assert.Equal(1, ids.Count(id => id == bos));
        Assert.Equal(tokenizer.Encode(template.Render(s_messages), addSpecialTokens: false), ids);
    }

    // transformers masks the first token only of the character that ends an answer; ours masks all tokens of the emoji there.
    private static bool IsSame(Tokenizer tokenizer, AssistantMask ours, int[] theirs)
    {
        for (var i = 0; i < theirs.Length; i++)
        {
            if (ours.IsAssistant[i] == (theirs[i] == 1))
                continue;
            var end = i;
            while (end < theirs.Length && theirs[end] == 0 && ours.IsAssistant[end])
                end++;
            if (i == 0 || theirs[i - 1] == 0 || end == i || tokenizer.Decode(ours.Ids.AsSpan(i - 1, end - i + 1)).Trim() != "\U0001f600")
                return false;
            i = end - 1;
        }
        return true;
    }

    private static IEnumerable<int> Numbers(JsonNode list) => list.AsArray().Select(static number => number!.GetValue<int>());

    /// <summary>The texts of the runs of masked tokens.</summary>
    private static List<string> Written(Tokenizer tokenizer, AssistantMask mask)
    {
        var runs = new List<List<int>>();
        for (var i = 0; i < mask.Ids.Length; i++)
        {
            if (mask.IsAssistant[i] && (i == 0 || !mask.IsAssistant[i - 1]))
                runs.Add([]);
            if (mask.IsAssistant[i])
                runs[^1].Add(mask.Ids[i]);
        }
        return [.. runs.Select(run => tokenizer.Decode(run.ToArray()))];
    }
}

file static class Contents
{
    public static string Content(this ChatMessage message) => message.Fields["content"]!.GetValue<string>();
}
