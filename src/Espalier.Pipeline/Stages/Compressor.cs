using Espalier.Compression.Data;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Pruning;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>The whole recipe: data, correction, scores, pruning, distillation, export, evaluation. Only what is missing is done.</summary>
/// <param name="run">The run folder, held.</param>
/// <param name="recipe">What to do.</param>
/// <param name="arm">The recipe's name, for tables.</param>
/// <param name="place">Folder inside the run folder for the student; empty for the run folder itself.</param>
public sealed partial class Compressor(RunContext run, Recipe recipe, string arm, string place = "")
{
    private readonly List<ModelRow> _rows = [];
    private readonly Dictionary<string, string> _metrics = [];
    private readonly int _sequence = recipe.Data.Sequence;
    private NeedResult? _need;
    private string? _scores, _plan;
    private Tokenizer? _tokenizer;

    /// <summary>Hears what has come out so far, every time that a model was evaluated.</summary>
    public Action<CompressResult>? Told { get; init; }

    private string StudentFolder => Path.Combine(run.Folder.Path, place, "student");

    /// <summary>Refuses, before any work, what recipes ask for and cannot have: all of it at once.</summary>
    /// <param name="recipes">The recipes with their names.</param>
    /// <param name="output">The run folder.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="RecipeRefusedException">Everything that was refused.</exception>
    public static void Check(IReadOnlyList<(string Name, Recipe Recipe)> recipes, string output, CancellationToken stop = default) =>
        RecipeChecks.Require(recipes, output, stop);

    /// <summary>Runs to the end, or to where it is stopped; started again it goes on.</summary>
    public CompressResult Run()
    {
        run.BeginArm(arm);
        // Again where it is written, for that is hours later.
        foreach (var output in ExportStage.OutputsOf(StudentFolder, recipe.Export))
            run.Folder.Require(output);
        var teacher = Teacher(out var stored, out var vocabulary);
        _tokenizer = Tokenizer();
        var cuts = CheckedCuts();
        using var data = DataStage.Run(run, recipe.Data, teacher.Path, vocabulary);
        var texts = Texts(data, teacher.Path, vocabulary);
        CheckText(data, texts);
        Evaluate(teacher, texts);

        var correct = IsCorrected(teacher, data, vocabulary) ? recipe.Correct : null;
        var parallel = recipe.Correction.Mode == CorrectMode.Parallel;
        var corrected = parallel ? teacher : Correct(correct, teacher, data, texts);
        if (recipe.Search is not null)
            cuts = [[PruneTo(corrected, Score(corrected, recipe.Prune, data), data, texts)]];
        var trained = corrected;
        for (var cycle = 1; cycle <= cuts.Count; cycle++)
        {
            // The last cycle's models are the run's own; those on the way are numbered.
            var number = cycle == cuts.Count ? "" : $" {cycle}";
            var pruned = Prune(trained, cuts[cycle - 1], $"pruned{number}", data);
            Evaluate(pruned, texts);
            var guide = recipe.Cycles?.Teacher == CycleTeacher.Previous ? trained : corrected;
            trained = Distill(pruned, guide, parallel ? correct : null, number, data, texts);
            if (cycle < cuts.Count)
                Evaluate(trained, texts);
        }
        var (student, gguf) = ExportStage.Run(run, StudentFolder, trained, "student", stored, recipe.Export, recipe.Clamp);
        Evaluate(student, texts);

        foreach (var text in texts)
            (text.Tokens as IDisposable)?.Dispose();
        return Result(gguf, isFinished: true);
    }

    private CompressResult Result(IReadOnlyList<string> gguf, bool isFinished) => new()
    {
        Arm = arm,
        IsFinished = isFinished,
        Output = run.Folder.Path,
        Student = StudentFolder,
        Gguf = gguf,
        Rows = [.. _rows],
        Stages = [.. run.Used.Select(entry => new StageRow(arm, entry.Name, entry.Folder, entry.Seconds, entry.Status == StageStatus.Reused))],
        Scores = _scores,
        Plan = _plan,
        Metrics = new Dictionary<string, string>(_metrics),
        Need = _need,
        Search = _found,
    };

    private ModelFolder Teacher(out ElementType stored, out int vocabulary)
    {
        using var checkpoint = Checkpoint.Open(recipe.Teacher);
        foreach (var note in checkpoint.Notes)
            run.Progress.Note($"note: {note}");
        checkpoint.CheckFinite(run.Stop);
        (stored, vocabulary) = (checkpoint.StoredType, checkpoint.Config.VocabularySize);
        if (_sequence > checkpoint.Config.MaxPositions)
            throw new EspalierException($"data.sequence is {_sequence} and the teacher has {checkpoint.Config.MaxPositions} positions");
        return new("teacher", recipe.Teacher, ContentHash.OfFolder(recipe.Teacher));
    }

    /// <summary>For samples alone, so that one that cannot be read costs no more than these: whoever needs it for text says what is wrong.</summary>
    private Tokenizer? Tokenizer()
    {
        try
        {
            return NeedStage.TokenizerOf(recipe.Teacher);
        }
        catch (EspalierException error)
        {
            run.Progress.Warn($"no sample texts: {error.Message}");
            return null;
        }
    }

    /// <summary>The way to the student's shape. What cannot be is refused before hours of correction, not after.</summary>
    private IReadOnlyList<IReadOnlyList<PruneSection>> CheckedCuts()
    {
        using var checkpoint = Checkpoint.Open(recipe.Teacher, requireWeights: false);
        var student = recipe.Search is { } search ? CheckSearch(checkpoint, search, _sequence) : recipe.Prune.Plan is { } plan ? PlanFile.Read(plan).Apply(checkpoint.Config) : recipe.Prune.Target.Apply(checkpoint.Config);
        ExportStage.Preflight(checkpoint.Family, student, checkpoint.RawConfig, recipe.Export, recipe.Teacher);
        foreach (var section in new[] { recipe.Correct, SearchTraining, recipe.Distill }.OfType<TrainingSection>())
            TrainStage.OptionsOf(section, _sequence).Validate();
        return recipe.Search is null ? CutPath.Of(recipe, checkpoint.Config) : [];
    }

    /// <summary>Now that the tokens are counted: everything that there is too little text for, before anything is computed on it.</summary>
    private void CheckText(TokenSets data, IReadOnlyList<EvaluationText> texts)
    {
        using var teacher = Checkpoint.Open(recipe.Teacher, requireWeights: false);
        var refusals = new Refusals();
        TextDemands.Check(refusals, recipe, teacher.Config, new(
            TextSize.Of(data.Train, string.Join(", ", recipe.Data.Train)),
            data.HeldOut is { } heldOut ? TextSize.Of(heldOut, $"held-out of {string.Join(", ", recipe.Data.Train)}") : null,
            texts.Where(text => text.Name != RecipeFile.HeldOut).ToDictionary(text => text.Name, text => TextSize.Of(text.Tokens, $"evaluate: {text.Name}")),
            Reference: null));
        refusals.Require();
    }

    private bool IsScored => recipe.Prune is { Method: PruneMethod.Importance, Plan: null };

    private bool IsCorrected(ModelFolder teacher, TokenSets data, int vocabulary)
    {
        if (recipe.Correct is null || recipe.Correction.When == CorrectWhen.Always)
            return recipe.Correct is not null;
        _need = NeedStage.Run(run, teacher, recipe.Correction, data, _sequence, vocabulary, recipe.Seed);
        return _need.Needed;
    }

    private ModelFolder Correct(TrainingSection? section, ModelFolder teacher, TokenSets data, IReadOnlyList<EvaluationText> texts)
    {
        if (section is null)
            return teacher;
        var corrected = TrainStage.Run(run, "correct", "corrected teacher", teacher, null, section, data, _sequence, CorrectionSection.SeedOf(recipe.Seed));
        _metrics["correct"] = Path.Combine(Path.GetDirectoryName(corrected.Path)!, "metrics.jsonl");
        Evaluate(corrected, texts);
        return corrected;
    }

    /// <summary>One cycle's cuts, each scored on what the one before it left.</summary>
    private ModelFolder Prune(ModelFolder model, IReadOnlyList<PruneSection> rounds, string name, TokenSets data)
    {
        if (recipe.Prune.Sparsity is not null)
            return PruneStages.Mask(run, model, recipe.Prune, recipe.Score.Samples, data, _sequence);
        foreach (var section in rounds)
        {
            var scores = Score(model, section, data);
            var cut = recipe with { Prune = section };
            var depth = DepthStage.IsNeeded(cut, model) ? DepthStage.Run(run, model, cut, data) : null;
            (model, var plan) = PruneStages.Prune(run, model, section, scores, recipe.Seed, depth, recipe.Clamp);
            // The report shows what was scored and kept of the teacher itself.
            (_scores, _plan) = (_scores ?? scores?.Path, _plan ?? plan);
        }
        return model with { Name = name };
    }

    private (string Path, string Hash)? Score(ModelFolder teacher, PruneSection section, TokenSets data)
    {
        if (!IsScored)
            return null;
        using var checkpoint = Checkpoint.Open(teacher.Path, requireWeights: false);
        var dropped = checkpoint.Config.Layers - (section.Target.Layers ?? checkpoint.Config.Layers);
        int[] spans = recipe.Search is not null ? SpansToScore(checkpoint.Config) : dropped > 1 ? [1, dropped] : [1];
        return PruneStages.Score(run, teacher, recipe.Score, spans, data, _sequence, recipe.Seed);
    }

    private ModelFolder Distill(ModelFolder pruned, ModelFolder teacher, TrainingSection? correction, string number, TokenSets data, IReadOnlyList<EvaluationText> texts)
    {
        if (recipe.Distill is not { } section)
            return pruned;
        var guide = section.Cache is null ? teacher : Cache(teacher, section, data);
        var trained = TrainStage.Run(run, "distill", $"student{number}", pruned, guide, section, data, _sequence, recipe.Seed, correction: correction);
        if (correction is not null)
            Evaluate(TrainStage.CorrectedTeacher(trained), texts);
        _metrics[$"distill{number}"] = Path.Combine(Path.GetDirectoryName(trained.Path)!, "metrics.jsonl");
        return trained;
    }

    /// <summary>The teacher's distributions on the windows of the training to come; the folder then stands for the teacher.</summary>
    private ModelFolder Cache(ModelFolder teacher, TrainingSection section, TokenSets data)
    {
        var (folder, hash) = CacheStage.Run(
            run, teacher, section.Cache!, section.Temperature, data, _sequence, recipe.Seed,
            windows => CacheStage.WindowsOf(SampleOrder.Shuffled(windows.Count, recipe.Seed), section.Steps * section.Batch));
        using var cache = TeacherCache.Open(folder);
        cache.Require(CacheStage.KeyOf(teacher, section.Cache!, section.Temperature, data, _sequence, recipe.Seed));
        return new("cache", folder, hash);
    }

    private List<EvaluationText> Texts(TokenSets data, string tokenizer, int vocabulary)
    {
        var texts = new List<EvaluationText>();
        foreach (var set in recipe.Evaluate)
        {
            if (set.Source is null && set.Name == "held-out")
            {
                var heldOut = data.HeldOut ?? throw new EspalierException("evaluate: held-out is asked for and data.held-out is 0: hold out a share, or evaluate on a text");
                texts.Add(new(set.Name, new TokenRange(heldOut, 0, heldOut.Count), data.Hash, data.HeldOutBytesPerToken));
                continue;
            }
            var source = set.Source ?? Path.Combine(recipe.Teacher, "self-written.jsonl");
            if (source != DotnetDocs.Name && !RecipePaths.IsThere(source))
                throw new EspalierException($"evaluate: {set.Name} reads {source}, which does not exist; name a text with '{set.Name}: PATH'");
            var (tokens, hash, bytes) = DataStage.OfText(run, set.Name, source, tokenizer, vocabulary);
            texts.Add(new(set.Name, tokens, hash, bytes));
        }
        return texts;
    }

    private void Evaluate(ModelFolder model, IReadOnlyList<EvaluationText> texts)
    {
        _rows.Add(EvaluateStage.Run(run, arm, model, texts, _sequence, _tokenizer));
        Told?.Invoke(Result([], isFinished: false));
    }
}
