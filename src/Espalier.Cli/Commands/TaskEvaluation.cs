using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Tasks;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>The part of <c>evaluate</c> that asks models the questions of benchmarks and compares them.</summary>
internal sealed class TaskEvaluation
{
    private const int MostSubjects = 5;

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
        var settings = new TaskSettings(Folder(run), run.Get(_shots), run.Get(_limit), run.Get(_lengths));
        var lines = _perDocument.File(run, OutputKind.PerDocument, [.. models.Select(model => new ReadPlace("a model's folder", model)),
            .. settings.Benchmarks is { } folder ? [new ReadPlace("the benchmarks", folder)] : Array.Empty<ReadPlace>()]);
        var questions = tasks.Select(task => task.Kind.Questions(task, settings)).ToArray();
        var results = new List<TaskResult[]>();
        foreach (var model in models)
            results.Add(Ask(run, model, tasks, settings, questions, start));
        if (lines is not null)
            DurableOutput.WriteFile(lines, 0, stream => Write(stream, models, results));
        format.Write(run, new TaskReport(models,
            [.. tasks.Select((_, i) => TaskComparison.Of(models, [.. results.Select(ofModel => ofModel[i])]))], lines), Show, Csv);
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

    private string? Folder(CommandRun run)
    {
        var named = run.Get(_benchmarks) ?? (Environment.GetEnvironmentVariable("ESPALIER_BENCHMARKS") is { Length: > 0 } set ? set : null);
        return named is null || Directory.Exists(named) ? named ?? (Directory.Exists("benchmarks") ? "benchmarks" : null)
            : throw new EspalierException($"{named} is no folder: the benchmarks' files are wanted below it");
    }

    private static TaskResult[] Ask(CommandRun run, string folder, TaskDefinition[] tasks, TaskSettings settings,
        TaskQuestions[] questions, Action start)
    {
        using var checkpoint = Checkpoint.Open(folder).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var tokenizer = Tokenizer.Load(folder);
        Decoder? decoder = null;
        PackedWeights? packed = null;
        T Loaded<T>(ref T? model, Func<T> load) where T : class
        {
            if (decoder is null && packed is null)
                start();
            return model ??= load();
        }

        var asked = new AskedModel(tokenizer, () => Loaded(ref decoder, () => DecoderWeights.Load(checkpoint)),
            () => new(Loaded(ref packed, () => PackedWeights.Load(checkpoint, PackedWeights.FormatOf(checkpoint))), tokenizer,
                StopIds.Of(checkpoint, tokenizer)),
            (ScoreCache.OfUser(), KnownFolder.Hash(folder))) { Positions = checkpoint.Config.MaxPositions };
        try
        {
            return [.. tasks.Zip(questions, (task, questionsOfTask) =>
            {
                run.Progress.Note($"{task.Name}: {folder}");
                var result = TaskEvaluator.Run(task, settings, questionsOfTask, asked, run.Progress, run.Cancellation);
                if (result.Cut > 0)
                    run.Progress.Warn($"{task.Name}: {result.Cut} contexts are longer than the model's {checkpoint.Config.MaxPositions} "
                        + $"positions and {task.Kind.WhatIsCut}");
                return result;
            })];
        }
        finally
        {
            decoder?.Dispose();
            packed?.Dispose();
        }
    }

    private static void Write(Stream stream, IReadOnlyList<string> models, List<TaskResult[]> results)
    {
        foreach (var (model, ofModel) in models.Zip(results))
            foreach (var result in ofModel)
                foreach (var subject in result.Subjects)
                    foreach (var document in subject.Documents)
                    {
                        using (var json = new Utf8JsonWriter(stream))
                            Write(json, model, result.Task.Name, subject.Name, document);
                        stream.WriteByte((byte)'\n');
                    }
    }

    private static void Write(Utf8JsonWriter json, string model, string task, string subject, DocumentResult document)
    {
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteString("task", task);
        if (subject.Length > 0)
            json.WriteString("subject", subject);
        json.WriteNumber("document", document.Document.Number);
        document.Write(json);
        json.WriteNumber("cut", document.Cut);
        json.WriteEndObject();
    }

    private static void Show(Page page, TaskReport report)
    {
        var table = new TextTable([new("task"), new("shots", Number: true), new("documents", Number: true), new("metric"),
            .. report.Models.Select(model => new TextColumn(Name(model), Number: true))]);
        foreach (var task in report.Tasks)
            foreach (var metric in task.Results[0].Metrics)
                table.Add([task.Task, $"{task.Shots}", $"{task.Documents}", metric.Name,
                    .. task.Results.Select(result => Value(result.Metrics.First(of => of.Name == metric.Name)))]);
        page.Table(table);
        foreach (var task in report.Tasks.Where(task => task.Comparisons.Count > 0))
        {
            page.Line();
            page.Heading($"{task.Task}, {task.Results[0].Metrics[0].Name}, against {Name(report.Models[0])}");
            var scale = task.Results[0].Metrics[0].Scale;
            foreach (var comparison in task.Comparisons)
                page.Line($"{Name(comparison.Model)}: {Difference(comparison, scale)}; {Sides(comparison)}; {P(comparison.Probability)}"
                    + (comparison.Adjusted is { } holm ? $", {P(holm)} among {report.Comparisons} comparisons" : ""));
            foreach (var subject in task.Fallen.Take(MostSubjects))
                page.Line($"  {subject.Name}: {Number(subject.First, scale)} to {Number(subject.Worst, scale)}{Unit(scale)} "
                    + $"({subject.Documents} documents)");
        }
    }

    private static string Difference(ModelDifference comparison, MetricScale scale) =>
        $"{Signed(comparison.Difference, scale)}{(scale == MetricScale.Share ? " points" : "")} (95 % interval "
            + $"{Number(comparison.Lower, scale)} to {Number(comparison.Upper, scale)})";

    private static string Sides(ModelDifference comparison) => comparison.Test == PairedTest.McNemar
        ? $"right alone {comparison.OnlyModel}, wrong alone {comparison.OnlyAgainst}"
        : $"better on {comparison.OnlyModel} documents, worse on {comparison.OnlyAgainst}";

    private static string P(double probability) => probability < 0.001 ? "p < 0.001"
        : string.Create(CultureInfo.InvariantCulture, $"p = {probability:0.###}");

    private static string Name(string model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));

    private static string Value(TaskMetric metric) =>
        $"{Number(metric.Value, metric.Scale)} ± {Number(metric.StandardError, metric.Scale)}{Unit(metric.Scale)}";

    private static string Unit(MetricScale scale) => scale == MetricScale.Share ? " %" : "";

    // Shares in per cent with one place, all else with three.
    private static string Number(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) : value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Signed(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture)
        : value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

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
internal sealed record TaskReport(IReadOnlyList<string> Models, IReadOnlyList<TaskComparison> Tasks, string? PerDocument)
{
    /// <summary>How many comparisons there are.</summary>
    public int Comparisons => Tasks.Sum(task => task.Comparisons.Count);
}
