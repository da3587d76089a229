using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Records;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>The stage that makes tokens of a recipe's text: its names in messages, its key, and what it says.</summary>
public sealed class DataStageTests : TorchTest
{
    private const int Vocabulary = 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-stage-").FullName;
    private readonly Heard _heard = new();

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    [Fact]
    public void A_text_that_is_too_short_is_named_as_the_user_named_it()
    {
        var file = Write("short.jsonl", "{\"body\": \"Too short.\"}");
        Within(run =>
        {
            var stage = new TextStage("mine", file + ";field=body", Teacher, Vocabulary);
            stage.Run(run);
            var tokens = stage.Text.Value.Tokens;
            using var closing = (IDisposable)tokens;
            var error = Assert.Throws<EspalierException>(() => new WindowSet(tokens, 256));
            Assert.StartsWith($"{file};field=body: ", error.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Training_text_and_its_held_out_part_are_named_as_the_user_named_them()
    {
        var file = Write("a.jsonl", string.Join('\n', Enumerable.Range(0, 40).Select(i => $"{{\"text\": \"Document {i}.\"}}")));
        Within(run =>
        {
            using var tokens = Tokens(run, new() { Train = [file], HeldOut = 0.3 });
            Assert.Equal($"data.train {file}", tokens.Train.Name);
            Assert.Equal($"the held-out part of {file}", tokens.HeldOut!.Name);
        });
    }

    [Fact]
    public void A_recipe_without_a_field_has_the_options_it_had_before_there_were_fields()
    {
        var file =
            Write("a.jsonl",
                string.Join('\n', Enumerable.Range(0, 40).Select(i => $"{{\"text\": \"Document {i}.\", \"body\": \"Other {i}.\"}}")));
        Within(run =>
        {
            Tokens(run, new() { Train = [file], HeldOut = 0.3 }).Dispose();
            Tokens(run, new() { Train = [file], HeldOut = 0.3, Field = "body" }).Dispose();
        });
        string[] options = [.. Directory.GetDirectories(Path.Combine(_folder, "run", "stages"))
            .Select(stage => StageRecord.Read(stage)!.Options!.AsObject())
            .Select(names => string.Join(",", names.Select(pair => pair.Key).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];
        Assert.Equal(["field,held_out,sources", "held_out,sources"], options);
    }

    [Fact]
    public void A_mixture_is_drawn_by_its_weights_and_another_weight_is_other_data()
    {
        var (a, b) = (Documents("a.jsonl", "First", 60), Documents("b.jsonl", "Second", 60));
        Within(run =>
        {
            using var tokens = Tokens(run, Mixture(3));
            var windows = new WindowSet(tokens.Train, 16);
            var order = tokens.Shuffled(windows.Count, seed: 1);
            var first = tokens.Mixture!.Thousandths;
            Assert.Equal([750, 250], first);
            var (inputs, targets, ofA) = (new long[16], new long[16], 0);
            var fromA = tokens.Train.Count - tokens.Train.Count / 2;
            var seen = Enumerable.Range(0, 1000).Select(i => order.WindowAt(i)).ToArray();
            foreach (var window in seen)
            {
                windows.Read(window, inputs, targets);
                ofA += Text([.. inputs.Append(targets[^1])]).Contains("First", StringComparison.Ordinal) ? 1 : 0;
            }
            Assert.Equal(750, ofA);
            Assert.Contains(_heard.Notes, note => note.StartsWith("data: out of 1000 windows, 750 come from", StringComparison.Ordinal));
            using var other = Tokens(run, Mixture(1));
            Assert.NotEqual(tokens.Hash, other.Hash);
            using var same = Tokens(run, Mixture(3));
            Assert.Equal(tokens.Hash, same.Hash);
        });

        DataSection Mixture(double weight) => new()
        {
            Sources = [new() { Path = a, Weight = weight }, new() { Path = b }],
            HeldOut = 0.2,
            Sequence = 16,
        };
        string Documents(string name, string word, int count) => Write(name, string.Join('\n',
            Enumerable.Range(0, count).Select(i => $"{{\"text\": \"{string.Join(' ', Enumerable.Repeat($"{word}", 30))} {i}.\"}}")));
        string Text(long[] ids) => Espalier.Models.Tokenizers.Tokenizer.Load(Teacher).Decode([.. ids.Select(id => (int)id)]);
    }

    [Fact]
    public void A_source_too_small_to_hold_a_document_out_is_trained_on_whole_and_the_record_says_so()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 40));
        var large = Write("large.jsonl", string.Join('\n', Enumerable.Range(0, 60).Select(i => $"{{\"text\": \"{words} {i}.\"}}")));
        // Neither of the two is among the lowest fifth by its hash.
        string[] kept = [.. Enumerable.Range(0, 50).Select(i => $"{words}, number {i}.")
            .Where(text => !new HeldOutSplit(0.2).IsHeldOut(text)).Take(2)];
        var small = Write("small.jsonl", string.Join('\n', kept.Select(text => $"{{\"text\": \"{text}\"}}")));
        DataSection Of(params string[] files) =>
            new() { Sources = [.. files.Select(file => new TrainSource { Path = file, Weight = 1 })], HeldOut = 0.2, Sequence = 16 };
        Within(run =>
        {
            using var tokens = Tokens(run, Of(large, small));
            using var alone = Tokens(run, Of(large));
            Assert.Equal(alone.HeldOut!.Count, tokens.HeldOut!.Count);
            Assert.Contains(_heard.Notes, note => note == $"data: too few documents to hold one out: {small}");
            Assert.Contains("of 2 documents", Assert.ThrowsAny<EspalierException>(() => Tokens(run, Of(small))).Message);
        });
        var record = Directory.GetDirectories(Path.Combine(_folder, "run", "stages")).Select(StageRecord.Read).OfType<StageRecord>()
            .Single(record => record.Result["without_held_out"] is not null);
        Assert.Equal(small, (string?)record.Result["without_held_out"]!.AsArray().Single());
    }

    [Theory]
    [InlineData("train: [ { weight: 2 } ]", "train.path is missing")]
    [InlineData("train: [ { path: a.txt, weight: 0 } ]", "train.weight is 0")]
    [InlineData("train: [ { path: a.txt, wieght: 1 } ]", "did you mean weight")]
    [InlineData("train: [ a.txt, { path: b.i32, tokens: 5 } ]", "b.i32 is token ids, which cannot be mixed; give text")]
    [InlineData("train: a.txt, language: xx", "known: ")]
    [InlineData("train: a.i32, near-duplicates: 0.8", "data.train is token ids; leave it out")]
    public void What_a_mixture_cannot_be_is_refused_where_it_stands(string data, string message)
    {
        var error = Assert.Throws<EspalierException>(() =>
            RecipeFile.Parse($"teacher: t\ndata: {{ {data} }}\nprune: {{ hidden: 192 }}\n", "r.yaml"));
        Assert.Contains("r.yaml, line 2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Text_that_is_lost_is_warned_of_with_its_reason()
    {
        var file =
            Write("a.jsonl",
                string.Join('\n', Enumerable.Range(0, 40).Select(i => $"{{\"text\": \"Document {i}.\"}}")) + "\n{\"body\": 1}\n");
        Within(run => Tokens(run, new() { Train = [file], HeldOut = 0.3 }).Dispose());
        Assert.Contains("skipped or repaired: 1 missing-field; ", Assert.Single(_heard.Warnings), StringComparison.Ordinal);
        Assert.Contains("a.jsonl:41 has body", _heard.Warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_of_token_ids_is_refused_where_it_stands()
    {
        var error =
            Assert.Throws<EspalierException>(() =>
                RecipeFile.Parse("teacher: t\ndata: { train: a.i32, field: body }\nprune: { hidden: 192 }\n", "r.yaml"));
        Assert.Contains("r.yaml, line 2: data.field is body; data.train is token ids, which have no fields", error.Message,
            StringComparison.Ordinal);
    }

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static TokenSets Tokens(RunContext run, DataSection data)
    {
        var stage = new DataStage(data, Teacher, Vocabulary);
        stage.Run(run);
        return stage.Tokens.Value;
    }

    [Fact]
    public void A_run_that_goes_on_with_other_threads_says_so_and_one_that_is_done_does_not()
    {
        var threads = TorchRuntime.Threads;
        using (var run = RunContext.Open(Path.Combine(_folder, "run"), "test", 1, _heard, default))
            run.Folder.Save(run.Manifest with { Machine = run.Manifest.Machine with { Threads = threads + 3 } });
        using (var run = RunContext.Open(Path.Combine(_folder, "run"), "test", 1, _heard, default))
            run.Folder.Save(run.Manifest with
            {
                Machine = run.Manifest.Machine with { Threads = threads + 3 },
                Outcome = new(RunEnd.Done, null, DateTimeOffset.UnixEpoch),
            });
        Assert.Contains($"began with {threads + 3} threads and continues with {threads}", Assert.Single(_heard.Notes));
        Within(_ => { });
        Assert.Single(_heard.Notes);
    }

    private void Within(Action<RunContext> work)
    {
        using var run = RunContext.Open(Path.Combine(_folder, "run"), "test", 1, _heard, default);
        work(run);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private sealed class Heard : IProgressReporter, IProgressTask
    {
        public List<string> Warnings { get; } = [];

        public IProgressTask Begin(string title, long total, string unit) => this;

        public List<string> Notes { get; } = [];

        public void Note(string line) => Notes.Add(line);

        public void Warn(string line) => Warnings.Add(line);

        public void Advance(long done, string? detail = null)
        {
        }

        public void Report(long done, string? detail = null)
        {
        }

        public void Dispose()
        {
        }
    }
}
