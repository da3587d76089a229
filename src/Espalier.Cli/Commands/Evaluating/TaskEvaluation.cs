using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Sources;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Code;
using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.Judging;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Cli.Commands.Evaluating;

/// <summary>The part of <c>evaluate</c> that asks models the questions of benchmarks and compares them.</summary>
internal sealed class TaskEvaluation
{
    private readonly Option<string[]> _tasks = new("--tasks")
    {
        Description =
            "Benchmarks instead of a loss, separated by commas: names such as arc_easy,mmlu, or files that end in .yaml. Further models "
            + "are compared with the first",
        HelpName = "TASK,...",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly TextOption _benchmarks = new("--benchmarks",
        "Folder that holds the tasks' files; by default ESPALIER_BENCHMARKS, otherwise benchmarks", "FOLDER");

    private readonly ValueOption<int> _shots = new("--shots", Kinds.Size(least: 0, most: 1000),
        "Documents shown before each question; by default the task's own number");

    private readonly ValueOption<int> _limit = new("--limit", Kinds.Size(), "Only the first N documents of each subject; by default all");

    private readonly ValueOption<IReadOnlyList<int>> _lengths = new("--context-length", Kinds.Counts("4096,8192"),
        "Tokens of question and answer together, for tasks that generate their questions (ruler_...); by default the task's own");
    private readonly ValueOption<int> _maxTokens = new("--max-tokens", Kinds.Size(),
        "Maximum tokens per text that a model writes; by default the task's own");

    private readonly AttemptsInput _attempts = new();

    private readonly FlagOption _chat = new("--chat-template",
        "Ask through each model's own chat template: text before the questions as system message, the rest as user message");

    private readonly FlagOption _runCode = new("--run-code",
        "Run the programs that models write for tasks such as humaneval, in a sandbox without network; by default they are "
            + "not run");

    private readonly OutputOption _samples = new("--samples",
        "Write the programs of one model for one task as JSON lines of task_id and completion, which HumanEval's own evaluator reads",
        "FILE.jsonl");

    private readonly JudgeInput _judge = new();

    private readonly OutputOption _perDocument = new("--per-document",
        "Write one JSON line per document and model: log-likelihoods, the choice, the right answer", "FILE.jsonl");

    private readonly Option<string[]> _contamination = new("--contamination")
    {
        Description =
            "Training text to check for contamination: shows documents that share 13 consecutive words with it, and scores on the "
            + "others; may be given several times",
        HelpName = "TEXT",
        // What follows a text is a model.
        AllowMultipleArgumentsPerToken = false,
    };

    internal IEnumerable<Option> Options => [_tasks, .. Further];

    private Option[] Further =>
        [_benchmarks, _shots, _limit, _maxTokens, _lengths, .. _attempts.Options, _chat, _runCode, _samples, .. _judge.Options,
        _contamination, _perDocument];

    /// <summary>Whether benchmarks were asked for.</summary>
    /// <exception cref="EspalierException">An option of benchmarks was given without one.</exception>
    internal bool IsGiven(CommandRun run)
    {
        if (run.Has(_tasks))
            return true;
        foreach (var option in Further)
            if (run.Has(option))
                throw new EspalierException($"{option.Name} was given without --tasks: give both");
        return false;
    }

    /// <summary>Runs the tasks on the models and writes the result.</summary>
    internal int Run(CommandRun run, IReadOnlyList<string> models, FormatOption format, Action start)
    {
        if (run.Has(_contamination) && models.Skip(1).FirstOrDefault(File.Exists) is { } file)
            throw new EspalierException($"{file} is a file, not a model folder; if it is training text, write {_contamination.Name} "
                + "before each file");
        var tasks = Tasks(run);
        using var judge = Judge(run, tasks, models, start);
        var settings = new TaskSettings(BenchmarksFolder.Find(run.Get(_benchmarks)), run.Get(_shots), run.Get(_limit), run.Get(_lengths))
        {
            UsesChatTemplate = run.Get(_chat),
            RunsCode = run.Get(_runCode),
            KeepsSamples = run.Has(_samples),
            Judge = judge?.Judge,
        };
        ReadPlace[] reads = [.. models.Select(model => new ReadPlace("a model's folder", model)), .. judge?.Reads ?? [],
            .. settings.Benchmarks is { } folder ? [new ReadPlace("the benchmarks", folder)] : Array.Empty<ReadPlace>(),
            .. SourcePlaces.Of("the training text", run.Get(_contamination) ?? [])];
        var lines = _perDocument.File(run, OutputKind.PerDocument, [.. reads, .. _samples.Place(run)]);
        var samples = Samples(run, tasks, models, [.. reads, .. _perDocument.Place(run)]);
        var training = run.Has(_contamination) ? DocumentSource.Parse(run.Get(_contamination)!) : null;
        var attempts = _attempts.Read(run);
        tasks = AttemptsInput.Of(tasks, attempts);
        var questions = tasks.Select(task => task.Kind.Questions(task, settings)).ToArray();
        foreach (var model in models)
            Check(model, tasks, settings);
        var results = new List<TaskResult[]>();
        try
        {
            foreach (var model in models)
                results.Add(Ask(run, model, tasks, settings, questions, start));
        }
        catch (OperationCanceledException)
        {
            run.Progress.Note("finished work is kept: the same command resumes from here");
            throw;
        }
        var contamination = training is null ? null : Compare(run, training, models, results);
        if (lines is not null)
            DurableOutput.WriteFile(lines, 0, stream => Write(stream, models, results, contamination));
        if (samples is not null)
            DurableOutput.WriteFile(samples, 0, stream => CodeSamples.Write(stream,
                results[0].SelectMany(result => result.Documents).SelectMany(document => document.Samples).OfType<CodeResult>()
                    .Select(result => result.Sample)));
        format.Write(run, new TaskReport(models,
            TaskComparison.OfAll(models, tasks.Index().Where(task => task.Item.Kind.IsScored(settings))
                .Select(task => results.Select(ofModel => ofModel[task.Index]).ToArray())),
            lines, samples, judge?.Judge.Name, Pairs(run, models, tasks, questions, results), contamination, settings.Limit,
            run.Get(_maxTokens), settings.UsesChatTemplate, attempts), TaskReportPage.Show,
            TaskReportPage.Csv);
        return ExitCodes.Done;
    }

    private JudgedPair[]? Pairs(CommandRun run, IReadOnlyList<string> models, TaskDefinition[] tasks, TaskQuestions[] questions,
        List<TaskResult[]> results) => !_judge.WantsPairs(run) ? null :
    [
        .. questions.Index().Where(of => of.Item is JudgedQuestions).SelectMany(of => models.Index().Skip(1).Select(model =>
        {
            var name = $"{tasks[of.Index].Name}, {TaskReportPage.Name(model.Item)} beside {TaskReportPage.Name(models[0])}";
            var counts = ((JudgedQuestions)of.Item).Pairs(results[model.Index][of.Index].Documents, results[0][of.Index].Documents,
                ScoreCache.OfUser(), name, run.Progress, run.Cancellation);
            return new JudgedPair(
                tasks[of.Index].Name, model.Item, counts.Wins, counts.Losses, counts.Ties, counts.Unjudged, counts.WinRate,
                counts.Rate?.Lower, counts.Rate?.Upper, counts.Rate?.Probability);
        }))
    ];

    private NamedJudge? Judge(CommandRun run, TaskDefinition[] tasks, IReadOnlyList<string> models, Action start)
    {
        var isJudged = tasks.Any(task => task.Kind is JudgedKind);
        foreach (var option in _judge.Options)
            if (run.Has(option) && !isJudged)
                throw new EspalierException($"{option.Name} was given, but no task of --tasks is judged by another model: leave it out");
        if (_judge.WantsPairs(run) && models.Count < 2)
            throw new EspalierException("--judge-pairs compares models, but only one was given: add another, or leave it out");
        return _judge.Open(run, start);
    }

    // One model's programs to one task: a file of two would not say whose they are.
    private string? Samples(CommandRun run, TaskDefinition[] tasks, IReadOnlyList<string> models, ReadPlace[] reads)
    {
        var programs = tasks.Count(task => task.Kind is CodeKind);
        foreach (var option in (Option[])[_runCode, _samples])
            if (run.Has(option) && programs == 0)
                throw new EspalierException($"{option.Name} was given, but no task of --tasks asks for programs: leave it out");
        return !run.Has(_samples) || (programs == 1 && models.Count == 1) ? _samples.File(run, OutputKind.Samples, reads)
            : throw new EspalierException($"{_samples.Name} writes the programs of one model for one task, but there are {models.Count} "
                + $"models and {programs} such tasks: run them one at a time");
    }

    private static ContaminationReport Compare(
        CommandRun run, DocumentSource training, IReadOnlyList<string> models, List<TaskResult[]> results)
    {
        foreach (var note in training.Notes)
            run.Progress.Note(note);
        var rows = ContaminationReport.Rows(results[0]);
        var text = TrainingText.Read(training, rows, run.Progress, run.Cancellation);
        if (text.Skipped.Length > 0)
            run.Progress.Warn($"{text.Name}: skipped or repaired: {text.Skipped}");
        return ContaminationReport.Of(text, rows, models, results);
    }

    private TaskDefinition[] Tasks(CommandRun run)
    {
        string[] names = [
            .. run.Get(_tasks)!.SelectMany(list =>
                list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (names.Length == 0)
            throw new EspalierException($"--tasks is empty; available: {string.Join(", ", TaskCatalog.Names)}");
        var twice = names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null)
            throw new EspalierException($"--tasks names {twice.Key} twice");
        TaskDefinition[] tasks = [.. names.Select(TaskCatalog.Find)];
        if (tasks.GroupBy(task => task.Name).FirstOrDefault(same => same.Count() > 1) is { } alike)
            throw new EspalierException(
                $"--tasks names two tasks {alike.Key}: {string.Join(" and ", alike.Select(task => task.Source))}; keep one, or "
                + "rename a file");
        if (run.Get(_lengths) is { } lengths && lengths.Distinct().Count() != lengths.Count)
            throw new EspalierException($"{_lengths.Name} has a length twice, so its questions would count twice; keep one");
        if (run.Has(_lengths) && !tasks.Any(task => task.Kind is RulerKind))
            throw new EspalierException($"{_lengths.Name} was given, but no task of --tasks generates its questions: leave it out");
        if (run.Get(_maxTokens) is not { } most)
            return tasks;
        return tasks.Any(task => task.Kind is WrittenKind)
            ? [.. tasks.Select(task => task.Kind is WrittenKind kind ? task with { Kind = kind with { MaxTokens = most } } : task)]
            : throw new EspalierException($"{_maxTokens.Name} was given, but no task of --tasks has models generate text: leave it out");
    }

    // What would stop the last model is said before the first one is asked.
    private static void Check(string folder, TaskDefinition[] tasks, TaskSettings settings)
    {
        using var checkpoint = Checkpoint.Open(folder);
        _ = Tokenizer.Load(folder);
        foreach (var task in tasks)
            task.Kind.CheckModel(task, settings, folder, checkpoint.Config.MaxPositions);
    }

    private static TaskResult[] Ask(CommandRun run, string folder, TaskDefinition[] tasks, TaskSettings settings,
        TaskQuestions[] questions, Action start)
    {
        using var checkpoint = Checkpoint.Open(folder).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var tokenizer = Tokenizer.Load(folder);
        using var weights = new LazyWeights(checkpoint, start);
        var asked = weights.Asked(tokenizer, (ScoreCache.OfUser(), KnownFolder.Hash(folder)));
        return [.. tasks.Zip(questions, (task, questionsOfTask) =>
        {
            run.Progress.Note($"{task.Name}: {folder}");
            var result = TaskEvaluator.Run(task, settings, questionsOfTask, asked, run.Progress, run.Cancellation);
            if (result.CutNote(checkpoint.Config.MaxPositions) is { } note)
                run.Progress.Warn(note);
            if (result.BoundlessNote is { } boundless)
                run.Progress.Warn(boundless);
            return result;
        })];
    }

    private static void Write(
        Stream stream, IReadOnlyList<string> models, List<TaskResult[]> results, ContaminationReport? contamination)
    {
        foreach (var (model, ofModel) in models.Zip(results))
            foreach (var (task, result) in ofModel.Index())
                DocumentLines.Write(stream, model, result, contamination is null ? null : (json, i) =>
                {
                    json.WriteBoolean("contaminated", contamination.Overlaps[task][i].IsShared);
                    json.WriteNumber("overlap", contamination.Overlaps[task][i].Share);
                });
    }
}
