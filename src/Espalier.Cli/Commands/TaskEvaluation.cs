using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Tasks;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>The part of <c>evaluate</c> that asks models the questions of benchmarks and compares them.</summary>
internal sealed class TaskEvaluation
{
    private readonly Option<string[]> _tasks = new("--tasks")
    {
        Description = "Benchmarks instead of a loss, of one model or several: names such as arc_easy,mmlu, or files that end in .yaml",
        HelpName = "TASK,...",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string> _benchmarks = new("--benchmarks")
    {
        Description = "Folder under which the tasks' files lie; by default what ESPALIER_BENCHMARKS names, else benchmarks",
        HelpName = "FOLDER",
    };

    private readonly ValueOption<int> _shots = new("--shots", Kinds.Size(least: 0, most: 1000),
        "Documents shown before each question; by default as the task has it");

    private readonly ValueOption<int> _limit = new("--limit", Kinds.Size(), "Only the first N documents of each subject; by default all");

    private readonly ValueOption<IReadOnlyList<int>> _lengths = new("--context-length", Kinds.Counts("4096,8192"),
        "Tokens of question and answer together, of tasks that make their questions themselves (ruler_...); by default as the task has it");

    private readonly OutputOption _perDocument = new("--per-document",
        "Write one JSON line a document and model: log-likelihoods, what was chosen, what is right", "FILE.jsonl");

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_tasks, _benchmarks, _shots, _limit, _lengths, _perDocument])
            command.Options.Add(option);
    }

    /// <summary>Whether benchmarks were asked for.</summary>
    /// <exception cref="EspalierException">An option of benchmarks was given without one.</exception>
    internal bool IsGiven(CommandRun run)
    {
        if (run.Has(_tasks))
            return true;
        foreach (var option in (Option[])[_benchmarks, _shots, _limit, _lengths, _perDocument])
            if (run.Has(option))
                throw new EspalierException($"{option.Name} was given without --tasks, which names the benchmarks: give both");
        return false;
    }

    /// <summary>Runs the tasks on the models and writes the result.</summary>
    internal int Run(CommandRun run, IReadOnlyList<string> models, FormatInput format, Action start)
    {
        var tasks = Tasks(run);
        var settings = new TaskSettings(
            BenchmarksFolder.Find(run.Get(_benchmarks)), run.Get(_shots), run.Get(_limit), run.Get(_lengths));
        var lines = _perDocument.File(run, OutputKind.PerDocument, [.. models.Select(model => new ReadPlace("a model's folder", model)),
            .. settings.Benchmarks is { } folder ? [new ReadPlace("the benchmarks", folder)] : Array.Empty<ReadPlace>()]);
        var questions = tasks.Select(task => task.Kind.Questions(task, settings)).ToArray();
        var results = new List<TaskResult[]>();
        foreach (var model in models)
            results.Add(Ask(run, model, tasks, settings, questions, start));
        if (lines is not null)
            DurableOutput.WriteFile(lines, 0, stream => Write(stream, models, results));
        format.Write(run, new TaskReport(models,
            TaskComparison.OfAll(models, tasks.Select((_, i) => results.Select(ofModel => ofModel[i]).ToArray())), lines), Show, Csv);
        return ExitCodes.Done;
    }

    private TaskDefinition[] Tasks(CommandRun run)
    {
        string[] names = [
            .. run.Get(_tasks)!.SelectMany(list =>
                list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (names.Length == 0)
            throw new EspalierException($"--tasks names none; there are {string.Join(", ", TaskCatalog.Names)}");
        var twice = names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1);
        return twice is null ? [.. names.Select(TaskCatalog.Find)] : throw new EspalierException($"--tasks names {twice.Key} twice");
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
            return result;
        })];
    }

    private static void Write(Stream stream, IReadOnlyList<string> models, List<TaskResult[]> results)
    {
        foreach (var (model, ofModel) in models.Zip(results))
            foreach (var result in ofModel)
                DocumentLines.Write(stream, model, result);
    }

    private static void Show(Page page, TaskReport report) => TaskPage.Show(page, [.. report.Models.Select(Name)], report.Tasks);

    private static string Name(string model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));

    /// <summary>A row a task, metric and model.</summary>
    private static CsvTable Csv(TaskReport report)
    {
        var table = new CsvTable("task", "model", "shots", "documents", "metric", "value", "se", "seconds");
        foreach (var task in report.Tasks)
            foreach (var result in task.Results)
                foreach (var metric in result.Metrics)
                    table.Add(task.Task, result.Model, task.Shots, task.Documents, metric.Name, metric.Value, metric.StandardError,
                        result.Seconds);
        return table;
    }
}

/// <summary>What <c>evaluate --tasks --json</c> prints.</summary>
/// <param name="Models">The models' folders; the first is the one that the others are compared with.</param>
/// <param name="Tasks">The tasks.</param>
/// <param name="PerDocument">The file of <c>--per-document</c>, where it was asked for.</param>
internal sealed record TaskReport(IReadOnlyList<string> Models, IReadOnlyList<TaskComparison> Tasks, string? PerDocument);
