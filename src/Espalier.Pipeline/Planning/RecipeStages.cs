using Espalier.Compression.Search;
using Espalier.Compression.Training.Speeds;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Recipes.Rules;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Export;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Search;
using Espalier.Pipeline.Stages.Synthesis;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Pipeline.Planning;

/// <summary>
/// The stages of a recipe, in order: what <c>plan</c> forecasts, a run counts and <c>compress</c> walks. Sizes that a search finds are in a
/// slot of its stage, which later stages read; until then the shape that was given stands for the student's.
/// </summary>
internal sealed partial class RecipeStages
{
    /// <summary>The distilled student's name where it is aligned afterwards.</summary>
    internal const string Distilled = "distilled";

    private readonly Recipe _recipe;
    private readonly int _sequence;
    private readonly List<Stage> _stages = [];
    // A teacher that is corrected along with the distillation is there after that.
    private ModelSlot? _corrected;

    private RecipeStages(Recipe recipe, Checkpoint teacher, IReadOnlyList<PlannedCycle> cycles, Func<SearchPlan> search, string arm,
        string folder)
    {
        (_recipe, _sequence, Cycles) = (recipe, recipe.Data.Sequence, cycles);
        Teacher = new("teacher", teacher.Config, teacher.StoredType);
        Data = new(recipe.Data, recipe.Teacher, teacher.Config.VocabularySize);
        _stages.Add(Data);
        if (recipe.Data.Calibration is { } calibration)
            _stages.Add(Calibration = new(calibration, recipe.Teacher, teacher.Config.VocabularySize));
        Evaluation = new(arm, [.. recipe.Evaluate.Select(Text)], _sequence)
        {
            Tasks = RecipeTask.Of(recipe),
            Compute = recipe.EvaluateCompute.Here(),
        };
        var written = recipe.Synthesize is null ? null : new Slot<ArtefactFile>("the teacher's texts");
        Conversations =
        [
            .. recipe.Align.Select(section =>
                new AlignDataStage(section, recipe.Teacher, teacher.Config.VocabularySize) { Synthesized = written }),
        ];
        _stages.AddRange(recipe.Align.Zip(Conversations).Where(step => !step.First.ReadsSynthesized).Select(step => step.Second));
        Synthesized = written;
        Sources = [.. _stages];

        Evaluate(Teacher, asksTasks: true);
        AddWork(search, folder);
    }

    /// <summary>The teacher; whoever runs the stages puts it there.</summary>
    public ModelSlot Teacher { get; }

    /// <summary>Text to train on and held-out text.</summary>
    public DataStage Data { get; }

    /// <summary>Text to score on; null where that is the training text.</summary>
    public CalibrationStage? Calibration { get; }

    private Slot<TokenSets> ScoredOn => Calibration?.Tokens ?? Data.Tokens;

    /// <summary>What each step of alignment learns from, in order.</summary>
    public IReadOnlyList<AlignDataStage> Conversations { get; }

    /// <summary>What models are evaluated on.</summary>
    public EvaluationSettings Evaluation { get; }

    /// <summary>The cuts by their shapes.</summary>
    public IReadOnlyList<PlannedCycle> Cycles { get; }

    /// <summary>The stages that make tokens, which come first.</summary>
    public IReadOnlyList<Stage> Sources { get; }

    /// <summary>JSON lines of the texts that the teacher writes (<c>synthesize</c>); null where the recipe has none.</summary>
    public Slot<ArtefactFile>? Synthesized { get; private set; }

    public IReadOnlyList<Stage> All => _stages;

    /// <summary>The stages of a recipe that is run.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="arm">Its name.</param>
    /// <param name="folder">The student's folder.</param>
    /// <exception cref="EspalierException">A shape that cannot be, or a path that does not exist.</exception>
    public static RecipeStages ToRun(Recipe recipe, string arm, string folder)
    {
        using var teacher = Checkpoint.Open(recipe.Teacher, requireWeights: false);
        // Any shape stands for the one that a search finds: only forecasts look at sizes.
        var cycles = recipe.Search is { } search
            ? PlannedCycle.Found(recipe, teacher.Config,
                search.Enumerate(teacher.Config, recipe.Data.Sequence, teacher.StoredType.Bytes(), latency: null).First().Shape)
            : PlannedCycle.Of(recipe, teacher.Config);
        return new(recipe, teacher, cycles, () => SearchPlan.Of(recipe, teacher, gflops: null), arm, folder);
    }

    /// <summary>The stages of a recipe that is planned: the largest shape stands for the one that a search finds.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="search">What a search has to choose from; null without one.</param>
    public static RecipeStages ToPlan(Recipe recipe, Checkpoint teacher, SearchPlan? search) =>
        new(recipe, teacher, search is null ? PlannedCycle.Of(recipe, teacher.Config)
            : PlannedCycle.Found(recipe, teacher.Config, search.Largest.Shape), () => search!, "", "student");

    private void AddWork(Func<SearchPlan> search, string folder)
    {
        var isParallel = _recipe.Correction.Mode == CorrectMode.Parallel;
        var need = _recipe is { Correct: not null, Correction.When: CorrectWhen.Auto }
            ? Add(new NeedStage(Teacher, _recipe.Teacher, _recipe.Correction, Data.Tokens, _sequence, _recipe.Seed)) : null;
        Func<bool>? isNeeded = need is null ? null : () => need.Found.Value.Needed;
        var corrected = _recipe.Correct is { } correct && !isParallel ? Correct(correct, isNeeded) : Teacher;
        var (found, scores) = (default(SearchStage), default(ScoreStage));
        if (_recipe.Search is not null)
        {
            scores = Add(Score(corrected, Spans(_recipe.Search, Teacher.Planned), null, null));
            found = Add(new SearchStage(corrected, scores.Scores, _recipe, Data.Tokens, Evaluation.Texts, Teacher.Stored, search));
        }
        var trained = corrected;
        foreach (var cycle in Cycles)
        {
            // The last cycle's models are the run's own; those on the way are numbered.
            var number = cycle == Cycles[^1] ? "" : $" {cycle.Number}";
            var pruned = Cut(trained, cycle, $"pruned{number}", found, scores);
            Evaluate(pruned, asksTasks: cycle == Cycles[^1]);
            var teacher = _recipe.Cycles?.Teacher == CycleTeacher.Previous ? trained : corrected;
            trained = _recipe.Distill is { } distill
                ? Distill(distill, pruned, teacher, cycle, _recipe.Align.Count > 0 && number.Length == 0 ? Distilled
                    : $"student{number}", isParallel ? _recipe.Correct : null, isNeeded) : pruned;
            if (cycle != Cycles[^1] || (_recipe.Align.Count > 0 && trained != pruned))
                Evaluate(trained, asksTasks: cycle == Cycles[^1]);
        }
        if (_recipe.Synthesize is { } texts)
        {
            Add(new SynthesizeStage(_corrected
                ?? corrected, texts, _recipe.Tasks, _recipe.Benchmarks, _recipe.Seed)
            { Texts = Synthesized! });
            _stages.AddRange(Conversations.Except(Sources.OfType<AlignDataStage>()));
        }
        trained = Align(trained, _corrected ?? corrected);
        var export = Add(new ExportStage(folder, trained, "student", Teacher.Stored, _recipe.Export, _recipe.Clamp, _sequence)
        {
            Imatrix = _recipe.Imatrix,
            Calibration = ScoredOn,
        });
        Evaluate(export.Exported, asksTasks: true);
    }

    private T Add<T>(T stage) where T : Stage
    {
        _stages.Add(stage);
        return stage;
    }

    private void Evaluate(ModelSlot model, Func<bool>? when = null, bool asksTasks = false) =>
        Add(new EvaluateStage(Evaluation, model) { When = when, AsksTasks = asksTasks });

    private Slot<EvaluationText> Text(EvaluationSet set)
    {
        if (set is { Source: null, Name: EvaluationList.HeldOut })
            return Data.HeldOut;
        var text =
            Add(new TextStage(set.Name, set.Source
                ?? Path.Combine(_recipe.Teacher, NeedStage.SelfWrittenFile), _recipe.Teacher, Teacher.Planned.VocabularySize));
        return text.Text;
    }

    private ModelSlot Correct(TrainingSection section, Func<bool>? when)
    {
        var stage = Add(new CorrectStage(Teacher, section, Data.Tokens, _sequence, CorrectionSection.SeedOf(_recipe.Seed))
        {
            When = when,
            HeldOutCompute = Evaluation.Compute,
        });
        stage.Trained.Otherwise = Teacher;
        Evaluate(stage.Trained, when);
        return stage.Trained;
    }

    /// <summary>One cycle's cuts, each scored on what the one before it left.</summary>
    private ModelSlot Cut(ModelSlot model, PlannedCycle cycle, string name, SearchStage? found, ScoreStage? scores)
    {
        if (_recipe.Prune.Sparsity is not null)
            return Add(
                new MaskStage(model, name, _recipe.Prune, _recipe.Score.Samples, ScoredOn, _sequence) { Cycle = cycle.Number }).Masked;
        foreach (var round in cycle.Rounds)
        {
            var section = round.Section;
            var cut = found?.Cut ?? new("the cut") { Value = section };
            var isScored = section is { Method: PruneMethod.Importance, Plan: null };
            var dropped = model.Planned.Layers - (section.Target.Layers ?? model.Planned.Layers);
            var scored = !isScored ? null : scores ?? Add(Score(model, dropped > 1 ? [1, dropped] : [1], cycle.Number, round.Number));
            var depth = DepthStage.Of(model, _recipe.Score, cut, section, ScoredOn, _sequence, cycle.Number, round.Number,
                _recipe.Benchmarks);
            if (depth.HasFolder || found is not null)
                Add(depth);
            model = Add(new PruneStage(model, name, round.To, cut, section, _sequence, _recipe.Seed)
            {
                Scores = scored?.Scores,
                Layers = depth.Scores,
                Clamp = _recipe.Clamp,
                Cycle = cycle.Number,
                Round = round.Number,
            }).Pruned;
        }
        return model;
    }

    private ScoreStage Score(ModelSlot model, int[] spans, int? cycle, int? round) =>
        new(model, _recipe.Score, spans, ScoredOn, _sequence, _recipe.Seed) { Cycle = cycle, Round = round };

    /// <summary>A cycle's distillation, and the cache that it reads.</summary>
    private ModelSlot Distill(TrainingSection section, ModelSlot student, ModelSlot teacher, PlannedCycle cycle, string name,
        TrainingSection? corrects, Func<bool>? correctsWhen)
    {
        var cache = section.Cache is not { } kept ? null
            : Add(new CacheStage(teacher, kept, section.Temperature, checked(section.Steps * section.Batch), Data.Tokens, _sequence,
                _recipe.Seed)
            { Cycle = cycle.Number });
        var stage = Add(new DistillStage(student, name, teacher, section, Data.Tokens, _sequence, _recipe.Seed)
        {
            Cache = cache?.Cache,
            HeldOutCompute = Evaluation.Compute,
            Corrects = corrects,
            CorrectsWhen = correctsWhen,
            Whose = cycle.Number is not > 1 ? "" : _recipe.Cycles!.Teacher == CycleTeacher.Previous
                ? $", from the student of cycle {cycle.Number - 1}" : ", from the run's teacher",
            Cycle = cycle.Number,
        });
        if (corrects is not null)
        {
            Evaluate(_corrected = stage.Corrected!, correctsWhen);
            _corrected.Otherwise ??= teacher;
        }
        return stage.Trained;
    }

    /// <summary>The steps of alignment, each from where the one before it ended; the last one's model is the student.</summary>
    private ModelSlot Align(ModelSlot model, ModelSlot teacher)
    {
        foreach (var (i, section) in _recipe.Align.Index())
        {
            var number = _recipe.Align.Count == 1 ? "" : $" {i + 1}";
            var (before, stage) =
                AlignStage.Of(model, $"aligned{number}", section, Conversations[i], _recipe.Seed,
                    section.Teacher is { } folder ? JudgeOf(folder, section) : teacher, $"align{number}", Data.Tokens);
            _stages.AddRange(before);
            model = Add(stage).Trained;
            if (i + 1 < _recipe.Align.Count)
                Evaluate(model, asksTasks: true);
        }
        return model;
    }

    /// <summary>A teacher of a step's own: read when the step runs, for a plan may lack it.</summary>
    private ModelSlot JudgeOf(string folder, AlignSection section) =>
        section.IsOnPolicy && Directory.Exists(folder) ? ModelSlot.Of(ModelFolder.Given("teacher", folder)) : Teacher;

    /// <summary>Numbers of layers that may go at once, for the scores of a search; 1 is always there.</summary>
    private static int[] Spans(SearchSection search, DecoderConfig teacher)
    {
        var kept = search.CandidatesFile is { } file
            ? CandidatesFile.Read(file, teacher, search.Space.Multiple).Select(candidate => candidate.Layers)
            : search.Space.Sizes[Axis.Layers] ?? [];
        return [1, .. kept.Select(layers => teacher.Layers - layers).Where(dropped => dropped > 1).Distinct().Order()];
    }
}
