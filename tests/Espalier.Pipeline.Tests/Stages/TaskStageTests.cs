using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Tests.Stages;

/// <summary>A benchmark of a recipe, asked of one model: what is kept, what determines it, and how it goes on after a stop.</summary>
public sealed class TaskStageTests : TorchTest
{
    private const int Documents = ChoiceQuestions.Piece + 200;
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-task-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void What_was_asked_before_a_stop_is_not_asked_again_and_the_end_has_the_same_bits()
    {
        Write();
        var undisturbed = Run("undisturbed", NullProgress.Instance);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Run("stopped", new Counter(done =>
        {
            if (done > ChoiceQuestions.Piece)
                stop.Cancel();
        }), stop: stop.Token));
        var begun = Assert.Single(Directory.GetDirectories(Path.Combine(_folder, "stopped", "stages")));
        Assert.False(File.Exists(Path.Combine(begun, "stage.json")));
        var pieces = Directory.GetFiles(Path.Combine(begun, "answers")).Length;
        Assert.InRange(pieces, 1, Documents / ChoiceQuestions.Piece);

        var told = new List<long>();
        var stage = Run("stopped", new Counter(told.Add));
        // What is known is told piece by piece, before anything is asked.
        Assert.Equal(Enumerable.Range(1, pieces).Select(piece => (long)piece * ChoiceQuestions.Piece), told.Take(pieces));
        Assert.Equal(Documents, told[^1]);
        Assert.Equal(Lines("undisturbed", undisturbed), Lines("stopped", stage));
        Assert.False(Directory.Exists(Path.Combine(begun, "answers")));
        Assert.Null(RunComparison.Run(Path.Combine(_folder, "undisturbed"), Path.Combine(_folder, "stopped"), new(Exact: true)).First);
    }

    [Theory]
    [InlineData("form (chat)", "task-form-chat")]
    [InlineData("ARC_easy", "task-arc-easy")]
    [InlineData("__", "task")]
    public void A_stage_is_named_for_its_task_with_one_dash_between_words(string task, string name) =>
        Assert.Equal(name, TaskStage.NameOf(task));

    [Fact]
    public void A_done_stage_is_read_from_its_folder_and_a_changed_file_or_limit_asked_again()
    {
        Write();
        var first = Run("run", NullProgress.Instance, limit: 12);
        var again = Run("run", NullProgress.Instance, limit: 12);
        Assert.Equal(first.Row!.Stage, again.Row!.Stage);
        Assert.Equal(first.Result!.Totals, again.Result!.Totals);
        Assert.Equal((12, 0, "acc"), (again.Row.Documents, again.Row.Shots, again.Row.Metrics[0].Name));
        Assert.Equal(first.Result.Documents.Select(document => document.Score("acc_norm")),
            again.Result.Documents.Select(document => document.Score("acc_norm")));
        Assert.NotEqual(first.Row.Stage, Run("run", NullProgress.Instance, limit: 11).Row!.Stage);
        Assert.NotEqual(first.Row.Stage, Run("run", NullProgress.Instance, limit: 12, shots: 1).Row!.Stage);

        // The last document, which the limit leaves out, counts too: the file is another one.
        File.AppendAllText(Path.Combine(_folder, "questions.jsonl"), "{\"n\":\"one\",\"answer\":1}\n");
        var longer = Run("run", NullProgress.Instance, limit: 12);
        Assert.NotEqual(first.Row.Stage, longer.Row!.Stage);
        File.AppendAllText(Path.Combine(_folder, "my_task.yaml"), "# a comment\n");
        Assert.NotEqual(longer.Row.Stage, Run("run", NullProgress.Instance, limit: 12).Row!.Stage);
        Assert.StartsWith("task-my-task-", first.Row.Stage);
    }

    [Fact]
    public void A_perplexity_beyond_all_numbers_ends_no_run()
    {
        File.WriteAllText(Path.Combine(_folder, "my_task.yaml"), "kind: perplexity\ntest: texts.jsonl\nprompt: \"{text}\"\n");
        // One word of white space: hundreds of tokens, more nats than e can be raised to.
        File.WriteAllText(Path.Combine(_folder, "texts.jsonl"),
            $"{{\"text\":\"{string.Concat(Enumerable.Range(0, 900).Select(i => (char)('!' + 2 + i * 7 % 50)))}\"}}\n");
        Run("run", NullProgress.Instance);
        Assert.Equal(["byte_perplexity", "bits_per_byte", "token_perplexity"],
            Run("run", NullProgress.Instance).Row!.Metrics.Select(metric => metric.Name));
    }

    [Fact]
    public void Where_answers_are_held_against_the_first_models_it_stays_the_first_after_a_stop()
    {
        Write();
        File.WriteAllText(Path.Combine(_folder, "my_task.yaml"),
            "kind: continuation\ntest: questions.jsonl\nprompt: \"Count to {n}:\"\nmax-tokens: 6\n");
        RecipeTask Task() => new(new TaskSection { Task = Path.Combine(_folder, "my_task.yaml"), Limit = 3 }, () => null);
        var task = Task();
        var (first, second) = (Run("run", task, s_teacher, "a"), Run("run", task, Other(), "b"));
        Assert.Equal(1, first.Result!.Totals.Single(metric => metric.Name == "agreed").Value);
        var agreed = second.Result!.Totals.Single(metric => metric.Name == "agreed").Value;
        Assert.True(agreed < 1, $"{agreed}");

        // The second model's stage is lost, the first one's is found done: nothing is asked of it.
        Directory.Delete(Path.Combine(_folder, "run", "stages", second.Row!.Stage), recursive: true);
        task = Task();
        Run("run", task, s_teacher, "a");
        var again = Run("run", task, Other(), "b");
        Assert.Equal(second.Row.Stage, again.Row!.Stage);
        Assert.Equal(second.Result.Totals, again.Result!.Totals);
    }

    [Fact]
    public void Attempts_are_kept_with_their_scores_and_other_settings_are_another_stage()
    {
        Write();
        File.WriteAllText(Path.Combine(_folder, "my_task.yaml"), "kind: generate\ntest: questions.jsonl\nprompt: \"Count to {n}:\"\n"
            + "target: \"{answer}\"\nmax-tokens: 4\nfilters:\n  any: { regex: '([a-z])' }\ncompare: { ignore: ['[a-m0-9]'] }\n");
        RecipeTask Task(int attempts, long seed) => new(new TaskSection
        {
            Task = Path.Combine(_folder, "my_task.yaml"),
            Limit = 3,
            Attempts = attempts,
            Temperature = 2,
            Seed = seed,
        }, () => null);
        var first = Run("run", Task(4, 0), s_teacher, "a");
        Assert.Equal(["pass@1,any,sampled", "pass@2,any,sampled", "pass@4,any,sampled", "exact_match,any"],
            first.Row!.Metrics.Select(metric => metric.Name));
        Assert.Contains(first.Result!.Documents, document => document.Score("pass@1,any,sampled") is > 0 and < 1);
        Assert.Equal(4, Assert.Single(TaskComparison.OfAll(["a"], [[first.Result]])).Attempts!.Count);
        var again = Run("run", Task(4, 0), s_teacher, "a");
        Assert.Equal((first.Row.Stage, 4), (again.Row!.Stage, again.Result!.Totals.Count));
        Assert.Equal(first.Result.Totals, again.Result.Totals);
        Assert.NotEqual(first.Row.Stage, Run("run", Task(4, 1), s_teacher, "a").Row!.Stage);
        Assert.NotEqual(first.Row.Stage, Run("run", Task(5, 0), s_teacher, "a").Row!.Stage);
        Assert.Contains("for which a model generates no text", Assert.Throws<EspalierException>(() =>
        {
            Write();
            _ = Task(4, 0).Definition;
        }).Message);
    }

    // The same weights with other rotations: a model that says something else.
    private string Other()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        foreach (var file in Directory.GetFiles(s_teacher))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var config = File.ReadAllText(Path.Combine(folder, "config.json"));
        var changed = System.Text.RegularExpressions.Regex.Replace(config, "\"rope_theta\": *[0-9.]+", "\"rope_theta\": 3.0");
        Assert.NotEqual(config, changed);
        File.WriteAllText(Path.Combine(folder, "config.json"), changed);
        return folder;
    }

    private void Write()
    {
        File.WriteAllText(Path.Combine(_folder, "my_task.yaml"),
            "test: questions.jsonl\nprompt: \"Count to {n}:\"\nchoices: [\"yes\", \"a little girl\"]\nanswer: \"{answer}\"\n");
        File.WriteAllLines(Path.Combine(_folder, "questions.jsonl"), Enumerable.Range(0, Documents).Select(
            i => string.Create(CultureInfo.InvariantCulture, $"{{\"n\":\"{i} and {i * i}\",\"answer\":{i % 2}}}")));
    }

    private TaskStage Run(
        string folder, IProgressReporter progress, int? limit = null, int? shots = null, CancellationToken stop = default) =>
        Run(folder, new RecipeTask(
            new TaskSection { Task = Path.Combine(_folder, "my_task.yaml"), Limit = limit, Shots = shots }, () => null), s_teacher, "model",
            progress, stop);

    private TaskStage Run(string folder, RecipeTask task, string model, string hash, IProgressReporter? progress = null,
        CancellationToken stop = default)
    {
        using var checkpoint = Checkpoint.Open(model);
        using var weights = new LazyWeights(checkpoint);
        using var run = RunContext.Open(Path.Combine(_folder, folder), "recipe", 1, progress ?? NullProgress.Instance, stop);
        var stage = new TaskStage(
            task, new Slot<ModelFolder>("model") { Value = new("model", model, hash) }, weights, Tokenizer.Load(s_teacher));
        run.Walk([stage]);
        return stage;
    }

    private string Lines(string folder, TaskStage stage) =>
        File.ReadAllText(Path.Combine(_folder, folder, "stages", stage.Row!.Stage, TaskStage.DocumentsName));

    /// <summary>Receives how many documents are done each time some more are.</summary>
    private sealed class Counter(Action<long> done) : IProgressReporter, IProgressTask
    {
        private long _done;

        public IProgressTask Begin(string title, long total, string unit) => this;

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Advance(long more, string? detail = null) => done(_done += more);

        public void Report(long all, string? detail = null) => done(_done = all);

        public void Dispose()
        {
        }
    }
}
