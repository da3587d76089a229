using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Retrieval;
using Espalier.Evaluation.Retrieval.Scores;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Retrieval;

/// <summary>Tasks of kind rag are read, asked and scored.</summary>
public sealed class RagTaskTests : TorchTest
{
    private const string Task =
        "kind: rag\ntest: q.jsonl\nquestion: '{q}'\nanswers: '{a}'\nunanswerable: true\nmax-tokens: 8\ntop: 1\n"
        + "passages: { files: p.jsonl, id: '{name}', title: '{title}', text: '{text}' }\n";

    private const string Passages =
        "{\"name\": \"dog\", \"title\": \"Dogs\", \"text\": \"A dog barks at night.\"}\n"
        + "{\"name\": \"cat\", \"title\": \"Cats\", \"text\": \"A cat sleeps by day.\"}\n";

    private const string Questions =
        "{\"q\": \"When does the cat sleep?\", \"a\": [\"by day\", \"in the day\"]}\n"
        + "{\"q\": \"What does a dog do at night?\", \"a\": \"barks\"}\n"
        + "{\"q\": \"Who is king?\", \"a\": [\"Sorry. I cannot find the answer based on the context.\"]}\n";

    [Fact]
    public void A_model_reads_what_was_found_and_is_scored_by_halves()
    {
        using var folder = Folder(Task, Questions, Passages);
        var task = TaskFile.Read(folder.Of("t.yaml"));
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        var model = new AskedModel(tokenizer, () => throw new NotSupportedException(),
            () => new Generations(packed, tokenizer, StopIds.Of(checkpoint, tokenizer)))
        { Positions = checkpoint.Config.MaxPositions };
        var settings = new TaskSettings(null);
        var result = TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings), model, NullProgress.Instance);
        Assert.Equal(["f1", "exact_match", "unanswerable", "unanswerable,refused", "unanswerable,answered"],
            result.Totals.Select(metric => metric.Name));
        RagResult[] all = [.. result.Documents.Cast<RagResult>()];
        Assert.Equal(["cat", "dog", ""], all.Select(of => string.Concat(of.Asked.Passages.Select(passage => passage.Id))));
        Assert.Contains("title: Cats, source: A cat sleeps by day.\n\nUser: Answer this question in whole sentences. When",
            all[0].Prompt.Text, StringComparison.Ordinal);
        // So small a model refuses nothing: of the two halves one is right.
        Assert.Equal([0.5, 0, 1], result.Totals.Skip(2).Select(metric => metric.Value));
        Assert.All(all, of => Assert.InRange(of.Made.Tokens, 1, 8));
        using var lines = new MemoryStream();
        DocumentLines.Keep(lines, result);
        File.WriteAllBytes(folder.Of("kept.jsonl"), lines.ToArray());
        Assert.Equal(result.Totals, DocumentLines.Read(folder.Of("kept.jsonl"), task, 0, 0).Totals);
        Assert.Equal(0, result.Cut);

        var narrow = TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings), model with { Positions = 70 },
            NullProgress.Instance);
        Assert.Equal([true, true, false], narrow.Documents.Select(document => document.Cut > 0));
        Assert.Equal(2, narrow.Cut);
    }

    [Theory]
    [InlineData("by day", "barks", "Sorry, I cannot find the answer.", 1, 1)]
    [InlineData("It is not mentioned.", "barks", "It is Tom.", 1.0 / 3, 0.25)]
    [InlineData("", "", "", 0, 0.5)]
    public void Halves_count_alike_whatever_their_size(string first, string second, string third, double f1, double halves)
    {
        using var folder = Folder(Task, Questions, Passages);
        var task = TaskFile.Read(folder.Of("t.yaml"));
        var kind = (RagKind)task.Kind;
        RagQuestion[] questions = [.. TaskData.Read(task, null, false).Single().Documents.Select(kind.Fields.Of)];
        DocumentResult[] results = [.. questions.Zip((string[])[first, second, third], (question, answer) => new RagResult(
            new(question.Document, ""), new(answer, 1, GenerationEnd.Length, 0),
            new(question, [], RagPrompt.Of(kind.Layout, question.Turns, [])), kind.Scoring.Of(question, answer),
            question.IsUnanswerable ? 1 : 2))];
        Assert.Equal((f1, halves), (TaskMetric.Of(new(RagScoring.F1), results).Value, TaskMetric.Of(new(RagScoring.Both), results).Value),
            (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-12 && Math.Abs(a.Item2 - b.Item2) < 1e-12);
    }

    [Fact]
    public void Conversations_and_passages_of_their_own_are_read()
    {
        using var folder = Folder(
            "kind: rag\ntest: q.jsonl\nmessages: '{messages}'\nanswers: '{answers}'\nnumber: '{exe}'\ncontexts: '{ctxs}'\ntop: 2\n",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"How much?\"}, {\"role\": \"assistant\", \"content\": \"10\"}, "
                + "{\"role\": \"user\", \"content\": \"And in percent?\"}], \"answers\": [\"10 / 20\"], \"exe\": 0.5, \"ctxs\": "
                + "[{\"title\": \"t\", \"text\": \"10 of 20\"}, \"as it is\", {\"text\": \"third\"}]}\n", null);
        var kind = (RagKind)TaskFile.Read(folder.Of("t.yaml")).Kind;
        var document = TaskData.Read(TaskFile.Read(folder.Of("t.yaml")), null, false).Single().Documents.Single();
        var question = kind.Fields.Of(document);
        Assert.Equal((3, "And in percent?"), (question.Turns.Count, question.Last));
        Assert.Equal(["contains_number"], kind.Metrics.Select(metric => metric.Name));
        Assert.True(kind.Scoring.Of(question, "50.0 percent").HoldsNumber);
        Assert.True(kind.Scoring.Of(question, "10\n/ 20").HoldsNumber);
        Assert.False(kind.Scoring.Of(question, "40 percent").HoldsNumber);
        var passages = kind.Source.Finder(TaskFile.Read(folder.Of("t.yaml")), null)(question, question.Turns);
        Assert.Equal([new("", "t", "10 of 20"), new Passage("", "", "as it is")], passages);
    }

    [Theory]
    [InlineData("", "p.jsonl: has no documents")]
    [InlineData("{\"name\": \"a\", \"title\": \"\", \"text\": \" \"}", "line 1: the passage's text, {text}, is empty")]
    [InlineData("{\"name\": \"a\", \"title\": \"\", \"text\": \"...\"}", "no passage contains a word")]
    [InlineData("{\"name\": \"a\", \"title\": \"\"}", "has no text; there are name, title")]
    [InlineData("{\"name\": \"a\", \"title\": \"\", \"text\": \"x\"}\n{\"name\": \"a\", \"title\": \"\", \"text\": \"x\"}",
        "line 2: the passage's name, 'a', is also that of")]
    [InlineData(null, "p.jsonl does not exist")]
    public void Passages_that_are_none_are_named(string? passages, string expected) => Refused(Task, Questions, passages, expected);

    [Theory]
    [InlineData("{\"q\": \"x\", \"a\": []}", "line 1: a has no answer; a question that the passages do not answer has")]
    [InlineData("{\"q\": \"x\", \"a\": \" \"}", "line 1: a has no answer")]
    [InlineData("{\"q\": \"x\", \"a\": null}", "line 1: a is null; a text was expected")]
    [InlineData("{\"q\": \"x\"}", "line 1: has no a")]
    [InlineData("{\"q\": \" \", \"a\": \"y\"}", "line 1: the question is empty")]
    [InlineData("{\"q\": \"x\", \"a\": \"y\"}", "0 of 1 questions have \"Sorry.")]
    public void Questions_that_are_none_are_named(string question, string expected) => Refused(Task, question, Passages, expected);

    [Theory]
    [InlineData("passages: { files: p.jsonl, text: '{text}' }", "line 1: kind: a task of kind rag has either question, a text")]
    [InlineData("question: '{q}'", "a task of kind rag has either passages")]
    [InlineData("question: '{q}'\ncontexts: '{c}'\npassages: { files: p.jsonl, text: '{text}' }", "has either passages")]
    [InlineData("question: '{q}'\ncontexts: 'c'", "contexts must be one field, such as \"{contexts}\"")]
    [InlineData("question: '{q}'\npassages: { files: p.jsonl, text: '{text}', b: 2 }", "b is '2'; it must be a number from 0 to 1")]
    [InlineData("question: '{q}'\npassages: { files: p.jsonl, text: '{text}', k: 2 }", "k is not a key here")]
    [InlineData("question: '{q}'\ncontexts: '{c}'\nprompt: x", "prompt is not a key here")]
    [InlineData("question: '{q}'\ncontexts: '{c}'\ntop: 0", "top is '0'; it must be a whole number from 1")]
    public void What_is_wrong_in_a_task_is_named(string keys, string expected) => Assert.Contains(expected,
        Assert.Throws<EspalierException>(() => TaskFile.Parse($"kind: rag\ntest: q.jsonl\nanswers: '{{a}}'\n{keys}\n", "t.yaml")).Message);

    [Theory]
    [InlineData("[]", "does not end with a user's question")]
    [InlineData("[{\"role\": \"assistant\", \"content\": \"x\"}]", "does not end with a user's question")]
    [InlineData("[{\"role\": \"bot\", \"content\": \"x\"}]", "m[0] has the role 'bot'")]
    [InlineData("[\"x\"]", "m[0] must be an object with the texts role and content")]
    [InlineData("\"x\"", "m is string; a list was expected")]
    public void Conversations_that_are_none_are_named(string messages, string expected) => Assert.Contains(expected,
        Assert.Throws<EspalierException>(() => RagQuestion.TurnsOf(
            new(JsonDocument.Parse($"{{\"m\": {messages}}}").RootElement, "here", 0), ["m"])).Message);

    [Fact]
    public void Shots_are_not_shown() => Assert.Contains("leave --shots out", Assert.Throws<EspalierException>(() =>
    {
        using var folder = Folder(Task, Questions, Passages);
        var task = TaskFile.Read(folder.Of("t.yaml"));
        task.Kind.Questions(task, new(null, Shots: 2));
    }).Message);

    private static void Refused(string task, string questions, string? passages, string expected)
    {
        using var folder = Folder(task, questions, passages);
        var read = TaskFile.Read(folder.Of("t.yaml"));
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => read.Kind.Questions(read, new(null))).Message);
    }

    private static TemporaryFolder Folder(string task, string questions, string? passages)
    {
        var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of("t.yaml"), task);
        File.WriteAllText(folder.Of("q.jsonl"), questions);
        if (passages is not null)
            File.WriteAllText(folder.Of("p.jsonl"), passages);
        return folder;
    }
}
