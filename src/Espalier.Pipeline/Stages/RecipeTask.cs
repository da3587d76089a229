using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Sampling;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>Where the answers of the model that was asked first lie.</summary>
/// <param name="Folder">Folder of its stage.</param>
/// <param name="Model">Hash of the model.</param>
/// <param name="Hash">Hash of what the stage made.</param>
internal sealed record FirstAnswers(string Folder, string Model, string Hash);

/// <summary>A benchmark of a recipe. Its files are read when something of it is first asked for.</summary>
/// <param name="section">What the recipe says.</param>
/// <param name="benchmarks">Finds the folder of the benchmarks' files.</param>
internal sealed class RecipeTask(TaskSection section, Func<string?> benchmarks)
{
    private readonly Lazy<TaskDefinition> _definition = new(() => Find(section));
    private TaskSettings? _settings;
    private TaskQuestions? _questions;
    private string? _documents;

    /// <summary>Its name in tables.</summary>
    public string Name => section.Name;

    /// <summary>Most tokens of a text, where the recipe says so.</summary>
    public int? MaxTokens => section.MaxTokens;

    /// <summary>How its questions are answered several times; null where once.</summary>
    public Attempts? Attempts => section.Sampling;

    /// <summary>What it is.</summary>
    /// <exception cref="EspalierException">Its file is not there, or something in it is wrong.</exception>
    public TaskDefinition Definition => _definition.Value;

    /// <summary>What the recipe wants of it.</summary>
    /// <exception cref="EspalierException">The folder of the benchmarks is none.</exception>
    public TaskSettings Settings =>
        _settings ??= new(
        benchmarks(), section.Shots, section.Limit, section.ContextLengths.Count > 0 ? section.ContextLengths : null)
        {
            UsesChatTemplate = section.ChatTemplate,
        };

    /// <summary>Its documents as they are asked.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public TaskQuestions Questions => _questions ??= Definition.Kind.Questions(Definition, Settings);

    /// <summary>Hash of the documents' files.</summary>
    /// <exception cref="EspalierException">A file is not there.</exception>
    public string DocumentsHash => _documents ??= TaskContent.HashOfDocuments(Definition, Settings);

    /// <summary>
    /// The stage in which the first model was asked; null until then. Kinds that hold answers against the first model's
    /// (<see cref="TaskKind.NeedsFirst"/>) need it for all others.
    /// </summary>
    public FirstAnswers? First { get; set; }

    /// <summary>Whether <see cref="Questions"/> know the first model's answers.</summary>
    public bool KnowsFirst { get; set; }

    /// <summary>Shots of a document.</summary>
    public int Shots => Settings.Shots ?? Definition.Shots.Count;

    private static TaskDefinition Find(TaskSection section)
    {
        var task = TaskCatalog.Find(section.Task);
        if (task.Kind.NotInRecipes is { } why)
            throw new EspalierException($"evaluate: {task.Name} {why}; leave it out of the recipe");
        if (section.ContextLengths.Count > 0 && task.Kind is not RulerKind)
            throw new EspalierException($"evaluate: {task.Name} makes no questions itself: leave its context-length away");
        if (section.ContextLengths.Distinct().Count() != section.ContextLengths.Count)
            throw new EspalierException($"evaluate: {task.Name} has a context-length twice, whose questions would count twice; keep one");
        if (section.MaxTokens is { } most)
            task = task.Kind is WrittenKind kind ? task with { Kind = kind with { MaxTokens = most } }
                : throw new EspalierException($"evaluate: to {task.Name} a model writes no text: leave its max-tokens away");
        return (section.Sampling is { } attempts ? SampledKind.Of(task, attempts) : task) with { Name = section.Name };
    }

    /// <summary>The benchmarks of a recipe.</summary>
    public static IReadOnlyList<RecipeTask> Of(Recipe recipe)
    {
        var folder = new Lazy<string?>(() => BenchmarksFolder.Find(recipe.Benchmarks));
        return [.. recipe.Tasks.Select(task => new RecipeTask(task, () => folder.Value))];
    }
}
