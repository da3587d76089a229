using System.Text.Json.Nodes;
using Espalier.Evaluation.Catalog;

namespace Espalier.Pipeline.Options;

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

    /// <summary>Whether it is a file of the user's.</summary>
    public bool IsFile => IsTaskFile(Task);

    /// <summary>Its name in tables: a file's without its ending, and whether it goes through the chat template.</summary>
    public string Name => (IsFile || IsItems ? Path.GetFileNameWithoutExtension(Task) : Task) + (ChatTemplate ? " (chat)" : "");

    /// <summary>What it is, and how much of it.</summary>
    public string Title => Limit is { } limit ? $"{Name} ({limit} documents{(Shots is null ? "" : $", {Shots} shots")})"
        : Shots is { } shots ? $"{Name} ({shots} shots)" : Name;

    /// <summary>Whether it is a file of multiple-choice items, which stands where a task's file could (<c>ItemsFile</c>).</summary>
    public bool IsItems => Task.EndsWith(ItemsFile.Ending, StringComparison.Ordinal);

    /// <summary>Whether a text names a task's file.</summary>
    public static bool IsTaskFile(string text) =>
        s_endings.Any(ending => text.EndsWith(ending, StringComparison.OrdinalIgnoreCase) && text.Length > ending.Length);

    /// <summary>As a recipe writes it: its name where nothing else is said of it.</summary>
    internal JsonNode Written => this == new TaskSection { Task = Task, ContextLengths = ContextLengths } && ContextLengths.Count == 0
        ? JsonValue.Create(Task) : Keys.Canonical(this);

    /// <summary>The keys.</summary>
    internal static IReadOnlyList<Key<TaskSection>> Keys { get; } =
    [
        new Key<TaskSection, string?>("task", Kinds.Text("TASK"), s => s.Task, (s, task) => s with { Task = task! })
        {
            IsOption = false,
            PageDefault = "required",
            Page = "The name of a benchmark that comes with the program, or a task's file, which ends in `.yaml` ([tasks](tasks.md)).",
            IsRequired = true,
            Missing = _ => "evaluate: [ { task: mmlu, limit: 20 } ]",
        },
        new Key<TaskSection, int?>("limit", Kinds.Size().OrAbsent(), s => s.Limit, (s, limit) => s with { Limit = limit })
        {
            IsOption = false,
            PageDefault = "all",
            Page = "Only the first documents of each subject, so many.",
            IsLater = true,
        },
        new Key<TaskSection, int?>(
            "shots", Kinds.Size(least: 0, most: 1000).OrAbsent(), s => s.Shots, (s, shots) => s with { Shots = shots })
        {
            IsOption = false,
            PageDefault = "as the task has it",
            Page = "Documents that are shown before each question, with their answers.",
            IsLater = true,
        },
        new Key<TaskSection, int?>(
            "max-tokens", Kinds.Size().OrAbsent(), s => s.MaxTokens, (s, tokens) => s with { MaxTokens = tokens })
        {
            IsOption = false,
            PageDefault = "as the task has it",
            Page = "Most tokens of a text that a model writes.",
            IsLater = true,
        },
        new Key<TaskSection, IReadOnlyList<int>>(
            "context-length", Kinds.Counts("4096,8192"), s => s.ContextLengths, (s, lengths) => s with { ContextLengths = lengths })
        {
            IsOption = false,
            PageDefault = "as the task has it",
            Page = "Tokens of question and answer together, one number or a list, of tasks that make their questions themselves "
                + "(`ruler_...`).",
            IsLater = true,
        },
        new Key<TaskSection, bool>("chat-template", Kinds.Flag, s => s.ChatTemplate, (s, chat) => s with { ChatTemplate = chat })
        {
            IsOption = false,
            PageDefault = "`false`",
            Page = "Whether questions go through the model's own chat template.",
            IsLater = true,
        },
    ];

    /// <summary>What errors and the schema call it.</summary>
    internal static Section Section { get; } = new("evaluate", Keys);
}
