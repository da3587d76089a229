using Espalier.Compression.Search;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Export;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Search;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Pipeline;

/// <summary>The whole recipe: its stages, walked. Only what is missing is done.</summary>
internal sealed class Compressor
{
    private readonly RunContext _run;
    private readonly Recipe _recipe;
    private readonly string _student;
    private readonly RecipeStages _stages;

    /// <summary>Lists the stages of a recipe.</summary>
    /// <param name="run">The run folder, held.</param>
    /// <param name="recipe">What to do.</param>
    /// <param name="arm">The recipe's name, for tables.</param>
    /// <param name="place">Folder inside the run folder for the student; empty for the run folder itself.</param>
    /// <exception cref="EspalierException">A shape that cannot be, or a path that does not exist.</exception>
    public Compressor(RunContext run, Recipe recipe, string arm, string place = "")
    {
        (_run, _recipe, _student) = (run, recipe, Path.Combine(run.Folder.Path, place, "student"));
        _stages = RecipeStages.ToRun(recipe, arm, _student);
    }

    /// <summary>Called with the results so far each time a model has been evaluated.</summary>
    public Action<CompressResult>? Evaluated { get; init; }

    /// <summary>The stages to come, so that a run can say how far it is; what only the run finds out not to need is in the list.</summary>
    public IEnumerable<PlannedStage> Planned => _stages.Counted();

    /// <summary>What <c>plan</c> warns of in the recipe's cuts; those of a shape that a search finds nobody knows before.</summary>
    public IEnumerable<string> Warnings => _recipe.Search is null ? PlanWarnings.OfCuts(_recipe.Prune, _stages.Cycles) : [];

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
        // Again where it is written, for that is hours later.
        foreach (var output in ExportStage.OutputsOf(_student, _recipe.Export))
            _run.Folder.Require(output);
        Begin();
        Walk(_stages.All);
        return Result(isFinished: true);
    }

    /// <summary>Goes as far as the search for a shape; <see cref="Run"/> goes on from there.</summary>
    /// <exception cref="EspalierException">The recipe has none.</exception>
    public SearchResult RunSearch()
    {
        if (_recipe.Search is null)
            throw new EspalierException(
                "the recipe has no search; add one, as in: search: { non-embedding-parameters: 3M +-5%, hidden: [128, 192] }");
        Begin();
        var (search, ofTeacher) = (Of<SearchStage>().Single(), Of<EvaluateStage>().First());
        Walk(_stages.All.TakeWhile(stage => stage != search).Append(search).Where(stage => stage != ofTeacher));
        return search.Found!;
    }

    private void Begin()
    {
        _run.BeginArm(_stages.Evaluation.Arm);
        using var checkpoint = Checkpoint.Open(_recipe.Teacher);
        foreach (var note in checkpoint.Notes)
            _run.Progress.Note(note);
        checkpoint.CheckFinite(_run.Stop);
        _stages.Teacher.Value = _run.Given("teacher", _recipe.Teacher);
        _stages.Evaluation.Tokenizer = Tokenizer();
    }

    private void Walk(IEnumerable<Stage> stages)
    {
        try
        {
            _run.Walk(_stages.Sources);
            CheckText();
            _run.Walk(stages.Except(_stages.Sources), stage =>
            {
                if (stage is EvaluateStage)
                    Evaluated?.Invoke(Result(isFinished: false));
            });
            _stages.Data.Tokens.Value.Clear();
            RunLeftovers.DeletePieces(_run.Folder.Path, _run.Manifest);
        }
        finally
        {
            foreach (var text in _stages.Evaluation.Texts.Where(text => text.IsMade))
                (text.Value.Tokens as IDisposable)?.Dispose();
            foreach (var tokens in _stages.Conversations.Select(stage => stage.Tokens).Append(_stages.Data.Tokens)
                .Concat(_stages.Calibration is { } calibration ? [calibration.Tokens] : []))
                if (tokens.IsMade)
                    tokens.Value.Dispose();
        }
    }

    private IEnumerable<T> Of<T>() => _stages.All.OfType<T>();

    private CompressResult Result(bool isFinished)
    {
        var trained = Of<TrainingStage>().Where(stage => stage.Metrics is not null);
        return new()
        {
            Arm = _stages.Evaluation.Arm,
            IsFinished = isFinished,
            Output = _run.Folder.Path,
            Student = _student,
            Gguf = isFinished ? Of<ExportStage>().Single().Files : [],
            Rows = [.. Of<EvaluateStage>().Select(stage => stage.Row).OfType<ModelRow>()],
            Stages = [
                .. _run.Used.Select(entry =>
                    new StageRow(_stages.Evaluation.Arm, entry.Name, entry.Folder, entry.Seconds, entry.Status == StageStatus.Reused))],
            // The report shows what was scored and kept of the teacher itself.
            Scores = Of<ScoreStage>().FirstOrDefault(stage => stage.Scores.IsMade)?.Scores.Value.Path,
            Plan = Of<PruneStage>().Select(stage => stage.Plan).FirstOrDefault(plan => plan is not null),
            Metrics =
                trained.ToDictionary(TitleOf, stage => stage.Metrics!),
            Need = Of<NeedStage>().SingleOrDefault() is { Found: { IsMade: true } need } ? need.Value : null,
            Search = Of<SearchStage>().SingleOrDefault()?.Found,
            Tasks = Tasks(),
            Aligned = Of<AlignStage>().Select(stage => stage.Row).OfType<AlignRow>().ToArray() is { Length: > 0 } aligned ? aligned : null,
            Synthesized = _stages.Synthesized is { IsMade: true } texts ? texts.Value.Path : null,
        };
    }

    private static string TitleOf(TrainingStage stage) => stage switch
    {
        AlignStage step => step.Step,
        DistillStage { Trained.Name: var name } when name != RecipeStages.Distilled =>
            name.Replace("student", stage.Name, StringComparison.Ordinal),
        _ => stage.Name,
    };

    private IReadOnlyList<TaskComparison>? Tasks()
    {
        EvaluateStage[] asked = [.. Of<EvaluateStage>().Where(stage => stage.Tasks is not null)];
        return asked.Length == 0 ? null : TaskComparison.OfAll([.. asked.Select(stage => stage.Row!.Model)],
            asked[0].Tasks!.Select((_, task) => asked.Select(stage => stage.Tasks![task]).ToArray()));
    }

    /// <summary>
    /// For samples and benchmarks alone, so that one that cannot be read costs no more than these: whoever needs it for text says what is
    /// wrong.
    /// </summary>
    private Tokenizer? Tokenizer()
    {
        try
        {
            return NeedStage.TokenizerOf(_recipe.Teacher);
        }
        catch (EspalierException error)
        {
            _run.Progress.Warn($"no sample texts: {error.Message}");
            return null;
        }
    }

    /// <summary>Now that the tokens are counted: everything that there is too little text for, before anything is computed on it.</summary>
    private void CheckText()
    {
        var data = _stages.Data.Tokens.Value;
        var (train, refusals) = (string.Join(", ", _recipe.Data.Train), new Refusals());
        TextDemands.Check(refusals, _recipe, _stages.Teacher.Planned, new(
            TextSize.Of(data.Train, train),
            data.HeldOut is { } heldOut ? TextSize.Of(heldOut, $"held-out of {train}") : null,
            _stages.Evaluation.Texts.Where(text => text.Name != EvaluationList.HeldOut)
                .ToDictionary(text => text.Name, text => TextSize.Of(text.Value.Tokens, $"evaluate: {text.Name}")),
            Reference: null)
        {
            Calibration = _stages.Calibration is { } calibration
                ? TextSize.Of(calibration.Tokens.Value.Train, _recipe.Data.Calibration!) : null,
        });
        // What is not written yet, its stage looks at.
        foreach (var (section, tokens) in _recipe.Align.Zip(_stages.Conversations).Where(step => !step.First.ReadsSynthesized))
            refusals.Try(() => TrainingStage.CheckBatch(
                section.Training, tokens.Rows, "align"));
        refusals.Require();
    }
}
