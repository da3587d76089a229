using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Compression.Training.Saving;
using Espalier.Compression.Training.Speeds;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Search;

/// <summary>
/// The search for the student's shape: enumerate, order by the proxy, train the best by successive halving. Every candidate is a stage at
/// every rung.
/// </summary>
/// <param name="teacher">What candidates are pruned from and learn from.</param>
/// <param name="scores">Its scores.</param>
/// <param name="recipe">Search, distillation and how units are chosen.</param>
/// <param name="data">Tokens.</param>
/// <param name="texts">
/// What the recipe evaluates on: candidates are compared on the held-out text and on those that the search names.
/// </param>
/// <param name="stored">
/// Element type of the exported student, for its memory: that of the recipe's teacher, while a corrected one is kept in float32.
/// </param>
/// <param name="plan">What there is to choose from, for the forecast.</param>
internal sealed class SearchStage(
    ModelSlot teacher, Slot<ArtefactFile> scores, Recipe recipe, Slot<TokenSets> data, IReadOnlyList<Slot<EvaluationText>> texts,
    ElementType stored, Func<SearchPlan> plan) : Stage
{
    /// <summary>File of the result inside the stage's folder.</summary>
    public const string FileName = "search.json";

    /// <summary>File of all shapes that keep to the constraints, beside it; it can be read as search.candidates.</summary>
    public const string CandidatesName = "candidates.json";

    /// <summary>File of the latencies of this machine, in the run folder.</summary>
    public const string LatencyName = "latency.json";

    // As many candidates are evaluated as pruned for each that is trained.
    private const int PrunedForOne = 4;

    private static readonly JsonSerializerOptions s_json = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SizeFieldsAttribute.Spread } },
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private CandidateSetting? _setting;
    private Dictionary<string, string> _trained = [];
    private SearchResult? _result;
    private string _best = "";
    private Func<IEnumerable<Candidate>> _allowed = () => [];

    public override string Name => "search";

    /// <summary>How the student is pruned: to the shape that was found.</summary>
    public Slot<PruneSection> Cut { get; } = new("the shape found by the search");

    /// <summary>What was compared; null before it ran.</summary>
    public SearchResult? Found { get; private set; }

    internal override StageForecast? Forecast()
    {
        var (known, distill) = (plan(), recipe.Distill!);
        var student = known.Largest.Shape;
        var ofTeacher = distill.NeedsTeacher ? TrainingForecast.WeightBytes(teacher.Planned) : 0;
        return new(Name,
            $"{known.Trained} of {known.Count} shapes are compared after {string.Join(", ", known.Rungs)} "
                + $"steps{On()}, and half of them continue each time", known.Rungs[^1],
            known.Cost.Tokens, known.Cost.Flops, TrainingForecast.Bytes(distill, student) + ofTeacher)
        { Model = ModelForecast.Of(teacher.Planned, recipe.Data.Sequence) };
    }

    // What they are compared on is said where it is more than the held-out text.
    private string On() => recipe.Search! is not { Compared.Count: > 0 } search ? ""
        : $" on {string.Join(", ", [EvaluationList.HeldOut, .. search.Texts, .. search.Tasks.Select(task => task.Title)])}";

    public override void Run(RunContext run)
    {
        var search = recipe.Search!;
        var (held, named) =
            (texts.Where(text => text.Name == EvaluationList.HeldOut), texts.Where(text => search.Texts.Contains(text.Name)));
        var tasks = RecipeTask.OfSearch(recipe);
        var tokenizer = tasks.Count == 0 ? null : Tokenizer.Load(recipe.Teacher);
        AskTeacher(run, tasks, tokenizer);
        var setting = _setting = new(
            teacher.Value, scores.Value, recipe.Prune, search, recipe.Distill!, data.Value,
            [.. held.Concat(named).Select(text => text.Value)], tasks, tokenizer,
            recipe.Data.Sequence, recipe.Seed, stored.Bytes(), recipe.Clamp);
        var (shape, section) = (setting.Teacher.Config, setting.Search);
        var latency = LatencyTable.Open(run.Folder.PathOf(LatencyName), run.Stop);
        var kinds = KindsOf(setting, shape);
        _allowed = () => section.Enumerate(shape, setting.Sequence, setting.ElementBytes, latency, kinds, run.Stop);
        var proxied = Proxied(run, setting, shape, _allowed);
        var candidates = proxied.Select(entry => entry.Candidate).ToArray();

        var evaluated = setting.Texts.Sum(text => (text.Tokens.Count - 1) / setting.Sequence * setting.Sequence);
        var forecast =
            SearchForecast.Of(section, setting.Distill, shape, candidates, setting.Sequence, evaluated, MatrixSpeed.Measure() / 1e9);
        run.Progress.Note(string.Create(CultureInfo.InvariantCulture,
            $"search: {candidates.Length} candidates, up to {section.Rungs[^1]} steps: at most {forecast.Tokens:N0} tokens, "
                + $"{forecast.Flops:0.00e+0} operations, about {forecast.Seconds / 60:0.0} minutes here"));

        var states = new CandidateState?[candidates.Length];
        var cost = new Counted();
        var halving = Halving.Run(candidates.Length, section.Rungs, (candidate, rung) =>
        {
            var tried = candidates[candidate];
            run.Progress.Note(
                $"search: {section.Rungs[rung]} steps of candidate {candidate + 1} of {candidates.Length}, "
                    + $"{tried.Name} ({tried.Keys})");
            var before = states[candidate];
            var state = Run(run, new CandidateStage(setting, tried, section.Rungs[rung], before));
            states[candidate] = state;
            var trained = (state.Steps - (before?.Steps ?? 0)) * section.Training(setting.Distill, state.Steps).Batch * setting.Sequence;
            cost.Add(trained + evaluated, SearchForecast.FlopsOf(tried, setting.Distill, shape, setting.Sequence, trained, evaluated),
                Path.GetFileName(state.Folder));
            return state.Losses;
        });
        if (!Halving.AreFinite(states[halving.Best]!.Losses))
            throw new NotFiniteException(
                $"search: none of the {candidates.Length} candidates has a finite loss: lower search.learning-rate, or look at the data");
        run.Progress.Note($"search: {Halving.Why(halving)}; {candidates[halving.Best].Name} is best");

        (_result, _best) = (SearchRanking.ResultOf(setting, proxied, halving), candidates[halving.Best].Name);
        _trained = states.Select((state, i) => (candidates[i].Name, state!.Record.OutputHash))
            .ToDictionary(pair => pair.Name, pair => pair.OutputHash);
        base.Run(run);
        var seconds = run.Used.Where(entry => cost.Folders.Contains(entry.Folder)).Sum(entry => entry.Seconds);
        Found = _result with
        {
            Forecast = forecast,
            Cost = new(cost.Tokens, cost.Flops, seconds),
            Candidates = [.. _result.Candidates.Zip(halving.Order, (row, candidate) => row with
            {
                PrefillSeconds = latency.Prefill(candidates[candidate], section.Context),
                DecodeSeconds = latency.Decode(candidates[candidate], section.Context),
            })],
        };
        Cut.Value = recipe.Prune with { Target = Found.Target(recipe.Prune.Target.Multiple) };
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs() => _trained.Select(pair => (pair.Key, pair.Value));

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        folder.WriteFile(FileName, stream => Write(stream, _result!));
        folder.WriteFile(CandidatesName, stream => CandidatesFile.Write(stream, _allowed()));
        return new() { ["best"] = _best, ["candidates"] = _trained.Count };
    }

    /// <summary>Writes a result as <see cref="FileName"/> has it.</summary>
    internal static void Write(Stream stream, SearchResult result) => JsonSerializer.Serialize(stream, result, s_json);

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
    }

    /// <summary>Where candidates are held against the teacher's own answers, those come first.</summary>
    private void AskTeacher(RunContext run, IReadOnlyList<RecipeTask> tasks, Tokenizer? tokenizer)
    {
        var asked = tasks.Where(task => task.Definition.Kind.NeedsFirst).ToArray();
        if (asked.Length == 0)
            return;
        using var checkpoint = teacher.Value.Open();
        using var weights = new LazyWeights(checkpoint);
        run.Walk(asked.Select(task => new TaskStage(task, teacher, weights, tokenizer!)));
    }

    private static CandidateState Run(RunContext run, CandidateStage candidate)
    {
        candidate.Run(run);
        return candidate.State.Value;
    }

    /// <summary>
    /// The kinds of the layers that stay of a hybrid, by their number, as candidates are cut; null where all are alike, or only a scan
    /// after the search says which go.
    /// </summary>
    private static Func<int, LayerKinds>? KindsOf(CandidateSetting setting, DecoderConfig teacher)
    {
        if (teacher.LayerKinds.AreAlike || setting.Prune.Depth == DepthChoice.Greedy)
            return null;
        var (scores, known) = (ScoresFile.Read(setting.Scores.Path), new Dictionary<int, LayerKinds>());
        return layers => known.TryGetValue(layers, out var kinds) ? kinds
            : known[layers] = teacher.LayerKinds.At(PlanBuilder.LayersToKeep(teacher, layers, scores, setting.Prune.Depth, null));
    }

    /// <summary>Those that are trained, best by the proxy first, with its values.</summary>
    private static (Candidate Candidate, double Proxy)[] Proxied(RunContext run, CandidateSetting setting, DecoderConfig teacher,
        Func<IEnumerable<Candidate>> allowed)
    {
        var section = setting.Search;
        var kept = new KeptImportance(teacher, ScoresFile.Read(setting.Scores.Path), setting.Prune.Depth);
        var count = section.CandidatesFile is null ? section.Candidates : int.MaxValue;
        if (section.Proxy == SearchProxy.Importance)
            return [.. kept.Best(allowed(), count).Select(candidate => (candidate, kept.Of(candidate)))];
        var pruned = kept.Best(allowed(), (int)Math.Min(int.MaxValue, (long)PrunedForOne * count)).Select(candidate =>
        {
            run.Progress.Note($"search: {candidate.Name} as pruned");
            return (Candidate: candidate, Proxy: Run(run, new CandidateStage(setting, candidate, 0, null)).Losses[0].Nll);
        }).ToArray();
        return [.. pruned.OrderBy(entry => Halving.OrLast(entry.Proxy)).Take(count)];
    }

    protected override JsonObject Options() => new()
    {
        ["proxy"] = EnumName.Of(recipe.Search!.Proxy),
        ["rungs"] = new JsonArray([.. recipe.Search!.Rungs.Select(steps => JsonValue.Create(steps))]),
        ["context"] = recipe.Search!.Context,
        ["sequences"] = recipe.Search!.Sequences,
        ["space"] = recipe.Search!.Space.ToJson(),
        ["constraints"] =
            string.Join("; ",
                recipe.Search!.Constraints(recipe.Data.Sequence, 1, null).Select(constraint => $"{constraint.Name} {constraint.Budget}")),
        ["latency"] = $"{recipe.Search!.Prefill} {recipe.Search!.Decode}",
    };

    private sealed class Counted
    {
        public long Tokens { get; private set; }

        public double Flops { get; private set; }

        public HashSet<string> Folders { get; } = [];

        public void Add(long tokens, double flops, string folder)
        {
            Tokens += tokens;
            Flops += flops;
            Folders.Add(folder);
        }
    }
}
