using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.LongContext;

/// <summary>Questions are as long as they may be in the model's own tokens, and are asked and scored.</summary>
public sealed class RulerKindTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public static TheoryData<string, int, int> Tasks => new()
    {
        { "niah_single_1", 1, 128 }, { "niah_single_2", 1, 128 }, { "niah_single_3", 1, 128 }, { "niah_multikey_1", 1, 128 },
        { "niah_multikey_2", 1, 128 }, { "niah_multikey_3", 1, 128 }, { "niah_multivalue", 4, 128 }, { "niah_multiquery", 4, 128 },
        { "vt", 5, 30 }, { "cwe", 10, 120 }, { "fwe", 3, 50 },
    };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Questions_of_the_programs_tasks_fill_their_length(string name, int references, int answer)
    {
        var task = TaskCatalog.Find($"ruler_{name}");
        var (kind, tokenizer) = ((RulerKind)task.Kind, Tokenizer.Load(s_teacher));
        Assert.Equal((answer, 500, 4096), (kind.MaxTokens, kind.Count, Assert.Single(kind.Lengths)));
        foreach (var length in new[] { 2048, 4096 })
        {
            var maker = kind.Material.Maker(task, null);
            var questions = LengthFit.Questions(maker.Of(length), tokenizer, new(length, answer), 3, name).ToArray();
            Assert.All(questions, question =>
            {
                Assert.Equal(references, question.References.Count);
                Assert.InRange(tokenizer.Encode(question.Prompt).Length + answer, (int)(0.85 * length), length);
                Assert.All(question.References, reference => Assert.Contains(reference, question.Prompt, StringComparison.Ordinal));
                Assert.DoesNotContain("{", question.Prompt, StringComparison.Ordinal);
            });
            Assert.Equal(3, questions.Select(question => question.Prompt).Distinct().Count());
            // As many as there are or fewer: each is the same.
            var alone = LengthFit.Questions(maker.Of(length), tokenizer, new(length, answer), 1, name).Single();
            Assert.Equal(questions[0].Prompt, alone.Prompt);
        }
        Assert.Contains("use a context length of at least", Assert.Throws<EspalierException>(() => LengthFit.Questions(
            kind.Material.Maker(task, null).Of(answer + 20), tokenizer, new(answer + 20, answer), 1, name).First()).Message);
    }

    [Fact]
    public void A_model_is_asked_at_each_length_and_what_is_too_long_is_counted()
    {
        using var checkpoint = Checkpoint.Open(s_teacher);
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var tokenizer = Tokenizer.Load(s_teacher);
        var model = new AskedModel(tokenizer, () => throw new NotSupportedException(),
            () => new Generations(packed, tokenizer, StopIds.Of(checkpoint, tokenizer)))
        { Positions = checkpoint.Config.MaxPositions };
        // The model goes on with what repeats: which it is asked for here.
        var task = TaskFile.Parse("kind: ruler\nmakes: niah\nhaystack: noise\nneedle: '{name} {value}'\nprompt: '{context}\n{names}'\n"
            + "max-tokens: 12\nquestions: 3\nlengths: [200, 300]\n", "t.yaml");
        var result = TaskEvaluator.Run(task, new(null), task.Kind.Questions(task, new(null)), model, NullProgress.Instance);
        Assert.Equal(["200 tokens", "300 tokens"], result.Subjects.Select(subject => subject.Name));
        Assert.Equal([("string_match_all", 0)], result.Totals.Select(metric => (metric.Name, result.Cut)));
        Assert.Equal(result.Subjects[0].Documents.Cast<RulerResult>().Select(of => of.References.Single()),
            result.Subjects[1].Documents.Cast<RulerResult>().Select(of => of.References.Single()));
        Assert.All(result.Documents.Cast<RulerResult>(), of =>
            Assert.Equal(RulerScore.Of(of.Made.Text, of.References, false), of.Score("string_match_all")));

        var settings = new TaskSettings(null, Limit: 1, ContextLengths: [600]);
        var cut = TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings), model, NullProgress.Instance);
        Assert.InRange(Assert.Single(cut.Documents).Cut, 600 - 512 - 40, 600 - 512);
        Assert.Equal(("", 1), (cut.Subjects.Single().Name, cut.Cut));
    }

    [Fact]
    public void Answers_that_are_remembered_are_scored_by_what_they_contain()
    {
        using var folder = new TemporaryFolder();
        var (task, tokenizer, settings) = (TaskCatalog.Find("ruler_vt"), Tokenizer.Load(s_teacher), new TaskSettings(null, null, 3, [512]));
        var kind = (RulerKind)task.Kind;
        var model = new AskedModel(tokenizer, () => throw new NotSupportedException(), () => throw new NotSupportedException(),
            (new ScoreCache(folder.Path), "hash"));
        LongQuestion[] questions = [.. LengthFit.Questions(kind.Material.Maker(task, null).Of(512), tokenizer, new(512, 30), 3, "")];
        var kept = model.Kept<KeptText>([$"{kind.MaxTokens}", .. kind.Stop, "", .. questions.Select(question => question.Prompt)])!;
        string[] answers = [string.Join(", ", questions[0].References), $" {questions[1].References[0].ToLowerInvariant()} and more", ""];
        kept.Write([.. answers.Select((answer, place) => new KeptText(place, answer, 1, GenerationEnd.Length, 0))]);
        var result = TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings), model, NullProgress.Instance);
        Assert.Equal([1, 0.2, 0], result.Documents.Select(document => document.Score("string_match_all")));
        Assert.Equal(0.4, Assert.Single(result.Totals).Value, 12);
        // Made questions are in nobody's training text: there are no words to look for.
        Assert.All(ContaminationReport.Rows([result]).Overlaps(), overlap => Assert.Equal(0, overlap.Rows));
    }

    [Fact]
    public void An_essay_is_the_users_text_where_it_is_there()
    {
        using var folder = new TemporaryFolder();
        var task = TaskCatalog.Find("ruler_niah_single_2");
        var kind = (RulerKind)task.Kind;
        Assert.Contains("ruler/essay.txt does not exist", kind.Material.Maker(task, folder.Path).Note);
        Directory.CreateDirectory(folder.Of("ruler"));
        File.WriteAllText(folder.Of("ruler", "essay.txt"), "Whales swim far. They sing.");
        var maker = kind.Material.Maker(task, folder.Path);
        Assert.Null(maker.Note);
        Assert.Contains("Whales swim far. They sing. Whales", maker.Of(1000).Make(0, new(1), 40).Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public void Documents_are_the_users_and_one_right_answer_is_enough()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Of("ruler"));
        var task = TaskCatalog.Find("ruler_qa_1");
        Assert.Contains("ruler/squad.jsonl does not exist", Assert.Throws<EspalierException>(
            () => task.Kind.Questions(task, new(folder.Path))).Message);
        File.WriteAllText(folder.Of("ruler", "squad.jsonl"),
            "{\"question\": \"Who barks?\", \"answers\": [\"a dog\", \"the dog\"], \"contexts\": [\"The dog barks.\"]}\n"
            + "{\"question\": \"Who sleeps?\", \"answers\": \"the cat\", \"contexts\": \"The cat sleeps.\"}\n");
        Assert.Equal([("", 2)], task.Kind.Questions(task, new(folder.Path)).Subjects);
        Assert.Equal("string_match_part", Assert.Single(task.Kind.Metrics).Name);
        File.WriteAllText(folder.Of("ruler", "squad.jsonl"), "{\"question\": \"Who?\", \"answers\": [], \"contexts\": [\"x\"]}\n");
        Assert.Contains("line 1: answers has no answer", Assert.Throws<EspalierException>(
            () => task.Kind.Questions(task, new(folder.Path))).Message);
    }

    [Theory]
    [InlineData("makes: niahs", "makes is 'niahs'; it must be one of niah, vt, cwe, fwe, qa")]
    [InlineData("", "makes is missing")]
    [InlineData("makes: niah", "needle is missing")]
    [InlineData("makes: niah\nneedle: x\nasked: 2", "asked is 2, but there are 1 names")]
    [InlineData("makes: niah\nneedle: x\nhaystack: essay\nnames: { count: 41 }", "41 needles are to be hidden in an essay")]
    [InlineData("makes: niah\nneedle: x\nnames: { counts: 4 }", "counts is not a key here")]
    [InlineData("makes: niah\nneedle: x\ntest: a.jsonl", "test is not a key here")]
    [InlineData("makes: cwe\ncommon: 20", "common must be at most 19")]
    [InlineData("makes: fwe\nalpha: 1", "alpha is '1'; it must be a number from 1.2 to 5")]
    [InlineData("makes: vt\nlengths: [4096, much]", "lengths is 'much'; it must be a number of tokens")]
    [InlineData("makes: qa\ntest: a.jsonl\nquestion: q\nanswers: a", "answers must be one field")]
    public void What_is_wrong_in_a_task_is_named(string keys, string expected) => Assert.Contains(expected,
        Assert.Throws<EspalierException>(() => TaskFile.Parse($"kind: ruler\nprompt: x\n{keys}\n", "t.yaml")).Message);
}
