using Espalier.Compression.Importance.Depth;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Sampling;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Evaluation;

/// <summary>Where the answers of the model that was asked first lie.</summary>
/// <param name="Folder">Folder of its stage.</param>
/// <param name="Model">Hash of the model.</param>
/// <param name="Hash">Hash of what the stage made.</param>
internal sealed record FirstAnswers(string Folder, string Model, string Hash);

/// <summary>A benchmark of a recipe. Its files are read when something of it is first asked for.</summary>
/// <param name="section">What the recipe says.</param>
/// <param name="benchmarks">Finds the folder of the benchmarks' files.</param>
/// <param name="key">The recipe's key that it stands under, for errors.</param>
internal sealed class RecipeTask(TaskSection section, Func<string?> benchmarks, string key = "evaluate")
{
    private readonly Lazy<TaskDefinition> _definition = new(() => Find(section, key));
    private TaskSettings? _settings;
    private TaskQuestions? _questions;
    private string? _documents;

    /// <summary>Its name in tables.</summary>
    public string Name => section.Name;

    /// <summary>What it is, and how much of it.</summary>
    public string Title => section.Title;

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

    /// <summary>What it is, and how much of it each model is asked; where its files are not there, what the recipe says.</summary>
    public string Size => Perhaps.Of(() =>
    {
        var asked = Units.Exact(Questions.Requests);
        var written = ((Definition.Kind as SampledKind)?.Inner ?? Definition.Kind) as WrittenKind;
        return $"{section.Title}: " + (written is null ? $"{asked} choices or texts to score"
            : $"{asked} texts of at most {written.MaxTokens} tokens to write");
    }) ?? section.Title;

    /// <summary>Its choices as rows of a model's ids.</summary>
    /// <exception cref="EspalierException">It has none, or one cannot be scored.</exception>
    public DepthTask Rows(Tokenizer tokenizer, DecoderConfig model) => ChoiceRows.Of(Definition, Questions, tokenizer, model);

    /// <summary>What shapes the answers beside the files, for a stage's key.</summary>
    public JsonObject Options()
    {
        var options = new JsonObject
        {
            ["task"] = Name,
            ["kind"] = Definition.Kind.Name,
            ["shots"] = Shots,
            ["limit"] = Settings.Limit,
        };
        if (Settings.UsesChatTemplate)
            options["chat_template"] = true;
        if (section.MaxTokens is { } most)
            options["max_tokens"] = most;
        if (section.Sampling is { } attempts)
            (options["attempts"], options["temperature"], options["top_p"], options["seed"]) =
                (attempts.Count, attempts.Temperature, attempts.TopP, attempts.Seed);
        if (Settings.ContextLengths is { } lengths)
            options["context_length"] = new JsonArray([.. lengths.Select(length => JsonValue.Create(length))]);
        return options;
    }

    /// <summary>Hashes of what is read, for a stage's key; asked when the first model was.</summary>
    public IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("task", Definition.Hash);
        yield return ("documents", DocumentsHash);
        if (Definition.Kind.NeedsFirst && First is { } first)
            yield return ("first", first.Hash);
    }

    /// <summary>Asks a model; answers that an earlier start kept in the stage's folder are not asked for again.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="weights">The model's weights, which stay the caller's.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="model">What its answers are kept under.</param>
    /// <param name="positions">How many it has.</param>
    public TaskResult Ask(RunContext run, StageFolder folder, LazyWeights weights, Tokenizer tokenizer, string model, int positions)
    {
        LearnFirst(tokenizer, positions, run.Progress, run.Stop);
        var asked = weights.Asked(tokenizer, (new ScoreCache(folder.PathOf(TaskStage.AnswersName)), model));
        var result = TaskEvaluator.Run(Definition, Settings, Questions, asked, run.Progress, run.Stop);
        if (result.CutNote(positions) is { } note)
            run.Progress.Warn(note);
        if (result.BoundlessNote is { } boundless)
            run.Progress.Warn(boundless);
        return result;
    }

    /// <summary>Where the first model was asked by an earlier start, its answers are read: none of its weights are loaded.</summary>
    private void LearnFirst(Tokenizer tokenizer, int positions, IProgressReporter progress, CancellationToken stop)
    {
        if (!Definition.Kind.NeedsFirst || KnowsFirst || First is not { } first)
            return;
        var remembered = new AskedModel(tokenizer, () => throw Lost(first), () => throw Lost(first),
            (new ScoreCache(Path.Combine(first.Folder, TaskStage.AnswersName)), first.Model))
        { Positions = positions };
        _ = TaskEvaluator.Run(Definition, Settings, Questions, remembered, progress, stop);
        KnowsFirst = true;
    }

    private static EspalierException Lost(FirstAnswers first) => new(
        $"{first.Folder}: the first model's answers belong to other questions; delete the folder to ask again");

    private static TaskDefinition Find(TaskSection section, string key)
    {
        var task = section.IsItems ? ItemsFile.Task(section.Task) : TaskCatalog.Find(section.Task);
        if (task.Kind.NotInRecipes is { } why)
            throw new EspalierException($"{key}: {task.Name} {why}; leave it out of the recipe");
        if (section.ContextLengths.Count > 0 && task.Kind is not RulerKind)
            throw new EspalierException($"{key}: {task.Name} does not generate its questions: leave its context-length out");
        if (section.ContextLengths.Distinct().Count() != section.ContextLengths.Count)
            throw new EspalierException($"{key}: {task.Name} has a context-length twice, so its questions would count twice; keep one");
        if (section.MaxTokens is { } most)
            task = task.Kind is WrittenKind kind ? task with { Kind = kind with { MaxTokens = most } }
                : throw new EspalierException($"{key}: a model generates no text for {task.Name}: leave its max-tokens out");
        return (section.Sampling is { } attempts ? SampledKind.Of(task, attempts) : task) with { Name = section.Name };
    }

    public static IReadOnlyList<RecipeTask> Of(Recipe recipe)
    {
        var folder = Folder(recipe);
        return [.. recipe.Tasks.Select(task => new RecipeTask(task, () => folder.Value))];
    }

    /// <summary>The benchmarks that candidates of its search are asked.</summary>
    public static IReadOnlyList<RecipeTask> OfSearch(Recipe recipe)
    {
        var folder = Folder(recipe);
        return [.. (recipe.Search?.Tasks ?? []).Select(task => new RecipeTask(task, () => folder.Value, "search.tasks"))];
    }

    private static Lazy<string?> Folder(Recipe recipe) => new(() => BenchmarksFolder.Find(recipe.Benchmarks));
}
