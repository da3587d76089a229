using Espalier.Compression.Synthesis;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Synthesis;

/// <summary>
/// The bundled teacher writes: what comes of it depends on the settings alone, whatever goes together or was interrupted.
/// </summary>
public sealed class SynthesisRunTests : TorchTest
{
    private static readonly SynthesisOptions s_options = new() { Count = 5, MaxTokens = 10, MinTokens = 1, KeepUnfinished = true };

    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _teacher = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
    private readonly Tokenizer _tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));

    private string Place => _folder.Of("x.jsonl");

    [Fact]
    public void A_line_says_what_generate_needs_to_write_the_text_again()
    {
        var result = Of(s_options with { Temperature = 0.9, TopK = 40, TopP = 0.95, RepetitionPenalty = 1.1 })
            .Run(Place, NullProgress.Instance, default);
        Assert.Equal((5, 5), (result.Summary.Kept, result.NewTexts));
        Assert.Equal(["x.jsonl", "x.jsonl.record"], _folder.Files().Order());
        using var packed = PackedWeights.Load(_teacher, PackedWeights.FormatOf(_teacher));
        foreach (var (i, line) in File.ReadLines(Place).Select(line => JsonNode.Parse(line)!.AsObject()).Index())
        {
            Assert.Equal(i, (int)line["item"]!);
            Assert.Equal(("quickstart-teacher", "hash", (string?)null), ((string)line["teacher"]!, (string)line["teacher_sha256"]!,
                (string?)line["source"]));
            var ids = Generator.Continue(packed, [_tokenizer.BosId!.Value], (int)line["max_tokens"]!, new()
            {
                Temperature = (double)line["temperature"]!,
                TopK = (int)line["top_k"]!,
                TopP = (double)line["top_p"]!,
                RepetitionPenalty = (double)line["repetition_penalty"]!,
                Seed = (int)line["seed"]!,
            }, StopIds.Of(_teacher, _tokenizer)).ToArray();
            Assert.Equal(_tokenizer.Decode(ids, skipSpecialTokens: true), (string)line["text"]!);
            Assert.Equal(ids.Length, (int)line["tokens"]!);
        }
    }

    [Fact]
    public void Batches_change_no_byte()
    {
        foreach (var batch in (int[])[1, 3, 8])
            Of(s_options with { Batch = batch }).Run(_folder.Of($"{batch}.jsonl"), NullProgress.Instance, default);
        Assert.Equal(File.ReadAllText(_folder.Of("1.jsonl")), File.ReadAllText(_folder.Of("3.jsonl")));
        Assert.Equal(File.ReadAllText(_folder.Of("1.jsonl")), File.ReadAllText(_folder.Of("8.jsonl")));
    }

    [Fact]
    public void Further_texts_leave_the_first_as_they_are_and_another_seed_changes_them()
    {
        Of(s_options).Run(_folder.Of("5.jsonl"), NullProgress.Instance, default);
        Of(s_options with { Count = 7 }).Run(_folder.Of("7.jsonl"), NullProgress.Instance, default);
        (Of(s_options) with { Seed = 2 }).Run(_folder.Of("other.jsonl"), NullProgress.Instance, default);
        var lines = File.ReadAllLines(_folder.Of("5.jsonl"));
        Assert.Equal(lines, File.ReadAllLines(_folder.Of("7.jsonl")).Take(5));
        Assert.All(lines.Zip(File.ReadAllLines(_folder.Of("other.jsonl"))), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Whichever_act_on_the_disk_fails_the_next_start_ends_with_the_same_bytes(Fault fault)
    {
        var run = Of(s_options with { Count = 3, MaxTokens = 3 });
        run.Run(_folder.Of("whole.jsonl"), NullProgress.Instance, default);
        var whole = File.ReadAllText(_folder.Of("whole.jsonl"));
        var failed = true;
        for (var act = 0; failed; act++)
        {
            foreach (var name in _folder.Files().Where(name => name.StartsWith("x.", StringComparison.Ordinal)))
                File.Delete(_folder.Of(name));
            var error = Record.Exception(() => new FaultyLayer(act, fault).During(() => run.Run(Place, NullProgress.Instance, default)));
            failed = error is not null;
            if (fault is Fault.Error or Fault.Full && failed)
                Assert.Contains("x.jsonl", Assert.IsType<EspalierException>(error).Message);
            Assert.True(!File.Exists(Place) || File.ReadAllText(Place) == whole);
            run.Run(Place, NullProgress.Instance, default);
            Assert.Equal(whole, File.ReadAllText(Place));
            Assert.Equal(["x.jsonl", "x.jsonl.record"],
                _folder.Files().Where(name => name.StartsWith("x.", StringComparison.Ordinal)).Order());
            Assert.True(act < 100);
        }
    }

    [Fact]
    public void A_stop_keeps_what_is_done_and_the_next_start_writes_the_rest_alone()
    {
        var whole = _folder.Of("whole.jsonl");
        Of(s_options).Run(whole, NullProgress.Instance, default);
        using var stop = new CancellationTokenSource();
        // Texts are written one after the other; the second is the last that is allowed.
        var run = Of(s_options with { Batch = 1 });
        Assert.ThrowsAny<OperationCanceledException>(() => run.Run(Place, new StopAfter(2, stop), stop.Token));
        Assert.Contains("x.jsonl.journal", _folder.Files());
        Assert.DoesNotContain("x.jsonl", _folder.Files());
        var result = Of(s_options).Run(Place, NullProgress.Instance, default);
        Assert.Equal((5, 3), (result.Summary.Written, result.NewTexts));
        Assert.Equal(File.ReadAllText(whole), File.ReadAllText(Place));
    }

    [Fact]
    public void What_was_begun_or_finished_with_other_settings_is_refused_by_their_name()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Of(s_options with { Batch = 1 }).Run(Place, new StopAfter(1, stop), stop.Token));
        Assert.Contains("begun with temperature 1, but 0.5 is requested", Refused(s_options with { Temperature = 0.5 }));
        Assert.Contains("begun with count 5, but 6 is requested", Refused(s_options with { Count = 6 }));
        // Filters are for the end.
        Of(s_options with { MinTokens = 2 }).Run(Place, NullProgress.Instance, default);
        Assert.Contains("made with min-tokens 2, but 1 is requested", Refused(s_options));
        Assert.Contains("made with max-tokens 10, but 11 is requested", Refused(s_options with { MinTokens = 2, MaxTokens = 11 }));
        var again = Of(s_options with { MinTokens = 2, Batch = 3 }).Run(Place, NullProgress.Instance, default);
        Assert.Equal((5, 0), (again.Summary.Written, again.NewTexts));
        File.AppendAllText(Place, "{}\n");
        Assert.Contains("has changed since it was made", Refused(s_options with { MinTokens = 2 }));
        File.WriteAllText(_folder.Of("x.jsonl.record"), "{}");
        Assert.Contains("x.jsonl.record", Refused(s_options));
        File.Delete(_folder.Of("x.jsonl.record"));
        Assert.Contains("was not made by synthesize", Refused(s_options));
    }

    [Fact]
    public void Two_runs_into_one_file_are_refused()
    {
        using var other = Espalier.Files.Journal.Open(SynthesisRecord.JournalOf(Place));
        Assert.Contains("another process is writing it", Refused(s_options));
    }

    [Fact]
    public void Prompts_and_beginnings_of_documents_stand_in_the_lines_with_their_source()
    {
        File.WriteAllText(_folder.Of("p.txt"), "Once upon a time\nThe kernel of the system\n");
        var prompted = s_options with { Count = 3, Prompts = _folder.Of("p.txt"), Plain = true };
        Of(prompted).Run(Place, NullProgress.Instance, default);
        var lines = File.ReadLines(Place).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(["p.txt:1", "p.txt:2", "p.txt:1"], lines.Select(line => (string)line["source"]!));
        Assert.Equal("Once upon a time", (string)lines[2]["prompt"]!);
        Assert.NotEqual((string)lines[0]["completion"]!, (string)lines[2]["completion"]!);
        Assert.Contains("prompted plainly", Refused(prompted with { System = "Be kind." }));

        File.WriteAllText(_folder.Of("d.jsonl"),
            "{\"text\": \"Once upon a time there was a small house near the river.\"}\n{\"text\": \"One day it\"}\n");
        Of(s_options with { Count = 2, Documents = [_folder.Of("d.jsonl")], Beginning = 4 })
            .Run(_folder.Of("c.jsonl"), NullProgress.Instance, default);
        lines = [.. File.ReadLines(_folder.Of("c.jsonl")).Select(line => JsonNode.Parse(line)!)];
        Assert.StartsWith(_tokenizer.Decode(_tokenizer.Encode("Once upon a time there was").AsSpan(1, 4)), (string)lines[0]["text"]!);
        Assert.StartsWith("One", (string)lines[1]["text"]!);
        Assert.Equal(["d.jsonl:1", "d.jsonl:2"], lines.Select(line => (string)line["source"]!));
    }

    [Fact]
    public void A_teacher_with_a_chat_template_answers_through_it()
    {
        File.WriteAllText(_folder.Of("p.jsonl"), "{\"id\": \"a\", \"prompt\": \"Why?\"}\n"
            + "{\"messages\": [{\"role\": \"user\", \"content\": \"Who?\"}, {\"role\": \"assistant\", \"content\": \"I.\"}]}\n");
        var options = s_options with { Count = null, Prompts = _folder.Of("p.jsonl"), System = "Be kind." };
        var prompts = PromptList.Of(options, _teacher.Folder, _teacher.Config, _tokenizer, default);
        Assert.Equal(
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user<|end_header_id|>"
            + "\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", _tokenizer.Decode([.. prompts.Prompts[0].Ids]));
        Of(options).Run(Place, NullProgress.Instance, default);
        var lines = File.ReadLines(Place).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(["a", "p.jsonl:2"], lines.Select(line => (string)line["source"]!));
        Assert.Equal(["system", "user", "assistant"], lines[1]["messages"]!.AsArray().Select(message => (string)message!["role"]!));
        Assert.Equal("Who?", (string)lines[1]["messages"]![1]!["content"]!);
        // What training reads of a line.
        var document = Espalier.Compression.Data.Sources.DocumentSource.Parse(Place).Read(new()).First().Text;
        Assert.Equal($"system: Be kind.\n\nuser: Why?\n\nassistant: {(string)lines[0]["messages"]![2]!["content"]!}", document);
    }

    public override void Dispose()
    {
        _teacher.Dispose();
        _folder.Dispose();
        base.Dispose();
    }

    private SynthesisRun Of(SynthesisOptions options) => new()
    {
        Teacher = "quickstart-teacher",
        Hash = "hash",
        Tokenizer = _tokenizer,
        Ends = StopIds.Of(_teacher, _tokenizer),
        Load = () => PackedWeights.Load(_teacher, PackedWeights.FormatOf(_teacher)),
        Prompts = PromptList.Of(options, _teacher.Folder, _teacher.Config, _tokenizer, default),
        Options = options,
        Seed = 1,
    };

    private string Refused(SynthesisOptions options) =>
        Assert.ThrowsAny<EspalierException>(() => Of(options).Run(Place, NullProgress.Instance, default)).Message;

    private sealed class StopAfter(int texts, CancellationTokenSource stop) : IProgressReporter, IProgressTask
    {
        private int _done;

        public IProgressTask Begin(string title, long total, string unit) => this;

        public void Advance(long done, string? detail = null)
        {
            if ((_done += (int)done) == texts)
                stop.Cancel();
        }

        public void Report(long done, string? detail = null)
        {
        }

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Dispose()
        {
        }
    }
}
