using Espalier.Compression.Alignment;
using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Models.Chat;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Alignment;

/// <summary>Conversations to windows, with the bundled teacher's tokenizer and template.</summary>
public sealed class ConversationCorpusTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private readonly TemporaryFolder _folder = new();
    private readonly Tokenizer _tokenizer = Tokenizer.Load(s_teacher);

    [Fact]
    public void What_counts_is_what_the_assistant_wrote_and_the_end_of_its_turn()
    {
        using var store = Build(Turns("Which letter comes after a?", "After a comes b.", "And then?", "After b comes c."));
        Assert.Equal(["After a comes b.<|eot_id|>", "After b comes c.<|eot_id|>"], CountedRuns(store));
    }

    [Fact]
    public void A_prompt_without_a_template_is_followed_by_its_completion_and_EOS()
    {
        using var store = Build("""{"prompt":"Question: a?\nAnswer:","completion":" After a comes b."}""", useTemplate: false);
        Assert.Equal([" After a comes b.<|end_of_text|>"], CountedRuns(store));
        Assert.StartsWith("<|begin_of_text|>Question: a?", Text(store), StringComparison.Ordinal);
    }

    [Fact]
    public void Turns_without_a_template_are_refused_with_the_way_out()
    {
        var error = Assert.Throws<EspalierException>(() => Build(Turns("a", "b"), useTemplate: false));
        Assert.Contains("data.jsonl:1: has turns, but ", error.Message, StringComparison.Ordinal);
        Assert.Contains("--chat-template FILE", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_sees_itself_alone()
    {
        string[] conversations = [.. Enumerable.Range(0, 6)
            .Select(i => Turns($"Which letter comes after {(char)('a' + i)}?", $"After {(char)('a' + i)} comes {(char)('b' + i)}."))];
        using var model = GoldenTensors.Load(s_teacher, DType.Float64);
        double Loss(string data)
        {
            using var store = Build(data);
            var windows = store.Windows(100);
            return AnswerLoss.Run(model, windows, NullProgress.Instance, default) is var result ? result.Nll * result.Tokens : 0;
        }
        Assert.Equal(conversations.Sum(Loss), Loss(string.Join('\n', conversations)), 1e-5);
    }

    [Fact]
    public void What_the_user_asks_gives_no_gradient_and_what_the_assistant_says_does()
    {
        using var store = Build(Turns("Which letter comes after a?", "After a comes b."));
        var (whole, other, changed) = (Gradients(store, null), Gradients(store, change: false), Gradients(store, change: true));

        Assert.Equal(whole, other);
        Assert.NotEqual(whole, changed);
    }

    [Theory]
    [InlineData(nameof(TooLong.Drop), "1 too-long", 1)]
    [InlineData(nameof(TooLong.Cut), "1 cut-to-window", 2)]
    public void What_is_longer_than_a_window_is_dropped_or_cut_and_counted(string way, string counted, int left)
    {
        var skips = new SkipCounts();
        using var store =
            Build($"{Turns("a", "b")}\n{Turns("c", string.Concat(Enumerable.Repeat("word ", 200)))}", tooLong: Enum.Parse<TooLong>(way),
                skips: skips);

        Assert.StartsWith(counted, skips.ToString(), StringComparison.Ordinal);
        Assert.True(skips.LostText);
        // And the document that fills a window up.
        Assert.Equal(left, CountedRuns(store).Count);
    }

    [Fact]
    public void What_the_template_refuses_is_counted_with_what_it_says()
    {
        var skips = new SkipCounts();
        var template = ChatTemplate.Of(
            "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}{{ m.content + '\\n' }}{% "
                + "endfor %}", "t.jinja");
        using var store = Build(
            $$"""{{Turns("a", "b")}}{{"\n"}}{"messages":[{"role":"tool","content":"x"},{"role":"assistant","content":"y"}]}""",
            template: template,
            skips: skips);

        Assert.Equal(1, skips[SkipReason.RefusedByTemplate]);
        Assert.Contains("no tools here", skips.Describe(), StringComparison.Ordinal);
    }

    private static double[] Gradients(WindowStore store, bool? change)
    {
        using var model = GoldenTensors.Load(s_teacher, DType.Float64);
        model.RequiresGrad = true;
        var batch = new PackedText(store.Windows(100), SampleOrder.Sequential(1)).Batches(1, 1).Single();
        if (change is { } counted)
            for (var i = 0; i < batch.Targets.Length; i++)
                if (batch.LossMask![i] == counted)
                    batch.Targets[i] = (batch.Targets[i] + 17) % 4000;
        new LogitObjective(new CrossEntropy()).Accumulate(model, batch, 1.0 / batch.CountedTokens);
        using var scope = TensorScope.Begin();
        return [.. model.Parameters.SelectMany(p => GoldenTensors.DoublesOf(p.Value.Grad()!).Take(200))];
    }

    private WindowStore Build(string data, bool useTemplate = true, TooLong tooLong = TooLong.Drop, SkipCounts? skips = null,
        ChatTemplate? template = null)
    {
        var file = Path.Combine(_folder.Path, "data.jsonl");
        File.WriteAllText(file, data);
        var output = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));
        ConversationCorpus.Build(new()
        {
            Source = DocumentSource.Parse([file], null, reader: AlignmentRecords.Conversations),
            Encoder = new(_tokenizer, 4096, useTemplate ? template ?? ChatTemplate.Load(s_teacher) : null, s_teacher),
            Tokens = DocumentEncoder.Of(_tokenizer, 4096),
            Sequence = 100,
            TooLong = tooLong,
            Skips = skips ?? new(),
        }, output, default);
        return WindowStore.Open(Path.Combine(output, Corpus.TrainFolder), 4096, "data");
    }

    /// <summary>A record of turns, the user's first.</summary>
    private static string Turns(params string[] contents) => new JsonObject
    {
        ["messages"] = new JsonArray([.. contents.Select((content, i) =>
            (JsonNode)new JsonObject { ["role"] = i % 2 == 0 ? "user" : "assistant", ["content"] = content })]),
    }.ToJsonString();

    private string Text(WindowStore store) => _tokenizer.Decode(Ids(store));

    private static int[] Ids(WindowStore store)
    {
        var ids = new int[store.Tokens.Count];
        store.Tokens.Read(0, ids);
        return ids;
    }

    /// <summary>The texts of the runs of tokens that count.</summary>
    private List<string> CountedRuns(WindowStore store)
    {
        var (ids, flags, runs) = (Ids(store), new bool[store.Tokens.Count], new List<string>());
        store.Mask.Read(0, flags);
        for (var i = 0; i < ids.Length; i++)
            if (flags[i])
            {
                var end = i;
                while (end < ids.Length && flags[end])
                    end++;
                runs.Add(_tokenizer.Decode(ids.AsSpan(i, end - i)));
                i = end;
            }
        return runs;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
