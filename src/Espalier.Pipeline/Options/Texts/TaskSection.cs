using Espalier.Evaluation.Catalog;
using Espalier.Pipeline.Options.Training;
using Samples = Espalier.Evaluation.Requests.Attempts;

namespace Espalier.Pipeline.Options.Texts;

/// <summary>A benchmark that models are asked.</summary>
internal sealed record TaskSection
{
    private static readonly string[] s_endings = [".yaml", ".yml"];

    /// <summary>The name of a task that comes with the program, or a task's file.</summary>
    public string Task { get; init; } = "";

    /// <summary>Documents of each subject at most; null all.</summary>
    public int? Limit { get; init; }

    /// <summary>Documents shown before each question; null as the task has it.</summary>
    public int? Shots { get; init; }

    /// <summary>Most tokens of a text that a model writes; null as the task has it.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Tokens of question and answer, of tasks that make their questions; none as the task has it.</summary>
    public IReadOnlyList<int> ContextLengths { get; init; } = [];

    /// <summary>Whether questions go through the model's chat template.</summary>
    public bool ChatTemplate { get; init; }

    /// <summary>Answers to each question that are sampled, beside the greedy one; null none.</summary>
    public int? Attempts { get; init; }

    /// <summary>Sharpness of their choice.</summary>
    public double? Temperature { get; init; }

    /// <summary>Only the likeliest ids whose probabilities add up to this.</summary>
    public double? TopP { get; init; }

    /// <summary>Seed of their choices.</summary>
    public long? Seed { get; init; }

    /// <summary>How they are made; null where there are none.</summary>
    public Samples? Sampling => Attempts is { } count
        ? new(count, Temperature ?? Samples.UsualTemperature, TopP ?? Samples.UsualTopP, Seed ?? 0) : null;

    /// <summary>How many attempts may be made.</summary>
    internal static Kind<int> AttemptsKind => Kinds.Size(most: 1000);

    /// <summary>How a share of probability is written.</summary>
    internal static Kind<double> TopPKind => Kinds.Number("P", Limits.Above(0).UpTo(1));

    /// <summary>Whether it is a file of the user's.</summary>
    public bool IsFile => IsTaskFile(Task);

    /// <summary>Its name in tables: a file's without its ending, whether it goes through the chat template, and attempts.</summary>
    public string Name => (IsFile || IsItems ? Path.GetFileNameWithoutExtension(Task) : Task)
        + ((ChatTemplate, Sampling) switch
        {
            (true, { } many) => $" (chat, {many.Counted})",
            (false, { } many) => $" ({many.Counted})",
            (true, null) => " (chat)",
            _ => "",
        });

    /// <summary>What it is, and how much of it.</summary>
    public string Title => Limit is { } limit ? $"{Name} ({limit} documents{(Shots is null ? "" : $", {Shots} shots")})"
        : Shots is { } shots ? $"{Name} ({shots} shots)" : Name;

    /// <summary>Whether it is a file of multiple-choice items, which stands where a task's file could (<c>ItemsFile</c>).</summary>
    public bool IsItems => Task.EndsWith(ItemsFile.Ending, StringComparison.Ordinal);

    /// <summary>Whether a text names a task's file.</summary>
    public static bool IsTaskFile(string text) =>
        s_endings.Any(ending => text.EndsWith(ending, StringComparison.OrdinalIgnoreCase) && text.Length > ending.Length);

    /// <summary>As a recipe writes it: its name where nothing else is said of it.</summary>
    internal JsonNode Written => this == new TaskSection { Task = Task } ? JsonValue.Create(Task) : Keys.Canonical(this);

    /// <summary>Reads an item of a list of benchmarks that says more than a name.</summary>
    /// <param name="fields">The section that the list is in.</param>
    /// <param name="key">The list's key.</param>
    /// <param name="item">The item.</param>
    /// <param name="name">What errors call the list; null as the key is called.</param>
    internal static TaskSection Read(SectionFields fields, string key, YamlValue item, string? name = null) =>
        Keys.Read(fields.Inside(item, key, name), new()) is var task
        && task is { Attempts: null, Temperature: not null } or { Attempts: null, TopP: not null } or { Attempts: null, Seed: not null }
            ? throw fields.At(item.Line,
                $"{name ?? key}: {OneLine.Clipped(task.Task)} has temperature, top-p or seed, which are for sampled answers, "
                + "but models answer greedily: set how many to sample with attempts, or leave them out") : task;

    internal static IReadOnlyList<Key<TaskSection>> Keys { get; } =
    [
        new Key<TaskSection, string?>("task", Kinds.Text("TASK"), s => s.Task, (s, task) => s with { Task = task! })
        {
            Page = "The name of a built-in benchmark, or a task file, which ends in `.yaml` ([tasks](tasks.md)).",
            IsRequired = true,
            Missing = _ => "evaluate: [ { task: mmlu, limit: 20 } ]",
        },
        new Key<TaskSection, int?>("limit", Kinds.Size().OrAbsent(), s => s.Limit, (s, limit) => s with { Limit = limit })
        {
            PageDefault = "all",
            Page = "Use only this many documents of each subject, the first ones.",
            IsLater = true,
        },
        new Key<TaskSection, int?>(
            "shots", Kinds.Size(least: 0, most: 1000).OrAbsent(), s => s.Shots, (s, shots) => s with { Shots = shots })
        {
            PageDefault = "the task's own",
            Page = "Documents shown before each question, with their answers.",
            IsLater = true,
        },
        new Key<TaskSection, int?>(
            "max-tokens", Kinds.Size().OrAbsent(), s => s.MaxTokens, (s, tokens) => s with { MaxTokens = tokens })
        {
            PageDefault = "the task's own",
            Page = "Maximum tokens per text that a model writes.",
            IsLater = true,
        },
        new Key<TaskSection, IReadOnlyList<int>>(
            "context-length", Kinds.Counts("4096,8192"), s => s.ContextLengths, (s, lengths) => s with { ContextLengths = lengths })
        {
            PageDefault = "the task's own",
            Page = """
                Tokens of question and answer together, one number or a list, for tasks that generate their own questions (`ruler_...`).
                """,
            IsLater = true,
        },
        new Key<TaskSection, bool>("chat-template", Kinds.Flag, s => s.ChatTemplate, (s, chat) => s with { ChatTemplate = chat })
        {
            Page = "Whether questions are put through the model's own chat template.",
            IsLater = true,
        },
        new Key<TaskSection, int?>("attempts", AttemptsKind.OrAbsent(), s => s.Attempts, (s, count) => s with { Attempts = count })
        {
            Page = """
                Sampled answers to each question, in addition to the greedy one: pass@k and means ([attempts](tasks.md#several-attempts)).
                """,
            IsLater = true,
        },
        new Key<TaskSection, double?>("temperature", TrainingSection.TemperatureKind.OrAbsent(), s => s.Temperature,
            (s, temperature) => s with { Temperature = temperature })
        {
            PageDefault = "0.8",
            Page = "Sampling temperature of `attempts`.",
            IsLater = true,
        },
        new Key<TaskSection, double?>("top-p", TopPKind.OrAbsent(), s => s.TopP, (s, share) => s with { TopP = share })
        {
            PageDefault = "0.95",
            Page = "For `attempts`: sample only from the likeliest ids whose probabilities add up to this.",
            IsLater = true,
        },
        new Key<TaskSection, long?>("seed", Kinds.Seed.OrAbsent(), s => s.Seed, (s, seed) => s with { Seed = seed })
        {
            PageDefault = "0",
            Page = "Sampling seed of `attempts`.",
            IsLater = true,
        },
    ];

    /// <summary>What errors and the schema call it.</summary>
    internal static Section Section { get; } = new("evaluate", Keys);
}
