using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Search;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Planning;

namespace Espalier.Pipeline.Stages;

/// <summary>The search for the student's shape: enumerate, order by the proxy, train the best by successive halving. Every candidate is a stage at every rung.</summary>
public static class SearchStage
{
    /// <summary>File of the result inside the stage's folder.</summary>
    public const string FileName = "search.json";

    /// <summary>File of all shapes that keep to the constraints, beside it; it can be read as search.candidates.</summary>
    public const string CandidatesName = "candidates.json";

    /// <summary>File of the latencies of this machine, in the run folder.</summary>
    public const string LatencyName = "latency.json";

    // As many candidates are evaluated as pruned for each that is trained.
    private const int PrunedForOne = 4;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) } };

    /// <summary>Searches, or reads what earlier starts found.</summary>
    public static SearchResult Run(RunContext run, CandidateSetting setting)
    {
        using var checkpoint = Checkpoint.Open(setting.Teacher.Path, requireWeights: false);
        var (teacher, section) = (checkpoint.Config, setting.Search);
        var latency = LatencyTable.Open(run.Folder.PathOf(LatencyName), run.Stop);
        IEnumerable<Candidate> Allowed() => section.Enumerate(teacher, setting.Sequence, setting.ElementBytes, latency, run.Stop);
        var proxied = Proxied(run, setting, teacher, Allowed);
        var candidates = proxied.Select(entry => entry.Candidate).ToArray();

        var evaluated = setting.Texts.Sum(text => (text.Tokens.Count - 1) / setting.Sequence * setting.Sequence) + setting.Tasks.Sum(task => task.Tokens);
        var forecast = SearchForecast.Of(section, setting.Distill, teacher, candidates, setting.Sequence, evaluated, MatrixSpeed.Measure() / 1e9);
        run.Progress.Note(string.Create(CultureInfo.InvariantCulture,
            $"search: {candidates.Length} candidates up to {section.Rungs[^1]} steps: at most {forecast.Tokens:N0} tokens, {forecast.Flops:0.00e+0} operations, about {forecast.Seconds / 60:0.0} minutes here"));

        var states = new CandidateState?[candidates.Length];
        var cost = new Counted();
        var halving = Halving.Run(candidates.Length, section.Rungs, (candidate, rung) =>
        {
            var shape = candidates[candidate];
            run.Progress.Note($"search: {section.Rungs[rung]} steps of candidate {candidate + 1} of {candidates.Length}, {shape.Name} (layers/heads/ffn/hidden)");
            var before = states[candidate];
            var state = CandidateStage.Run(run, setting, shape, section.Rungs[rung], before);
            states[candidate] = state;
            var trained = (state.Steps - (before?.Steps ?? 0)) * section.Training(setting.Distill, state.Steps).Batch * setting.Sequence;
            cost.Add(trained + evaluated, SearchForecast.FlopsOf(shape, setting.Distill, teacher, setting.Sequence, trained, evaluated), Path.GetFileName(state.Folder));
            return state.Losses;
        });
        run.Progress.Note($"search: {Halving.Why(halving)}; {candidates[halving.Best].Name} is the best");

        var result = ResultOf(setting, proxied, halving);
        var inputs = states.Select((state, i) => (candidates[i].Name, state!.Record.OutputHash)).ToDictionary(pair => pair.Name, pair => pair.OutputHash);
        run.Do("search", Options(setting), inputs, (stage, _) =>
        {
            stage.WriteFile(FileName, stream => JsonSerializer.Serialize(stream, result, s_json));
            stage.WriteFile(CandidatesName, stream => CandidatesFile.Write(stream, Allowed()));
            return new() { ["best"] = candidates[halving.Best].Name, ["candidates"] = candidates.Length };
        });
        var seconds = run.Used.Where(entry => cost.Folders.Contains(entry.Folder)).Sum(entry => entry.Seconds);
        return result with
        {
            Forecast = forecast,
            Cost = new(cost.Tokens, cost.Flops, seconds),
            Candidates = [.. result.Candidates.Zip(halving.Order, (row, candidate) => row with
            {
                PrefillSeconds = latency.Prefill(candidates[candidate], section.Context),
                DecodeSeconds = latency.Decode(candidates[candidate], section.Context),
            })],
        };
    }

    /// <summary>Those that are trained, best by the proxy first, with its values.</summary>
    private static (Candidate Candidate, double Proxy)[] Proxied(RunContext run, CandidateSetting setting, DecoderConfig teacher, Func<IEnumerable<Candidate>> allowed)
    {
        var section = setting.Search;
        var kept = new KeptImportance(teacher, ScoresFile.Read(setting.Scores.Path), setting.Prune.Depth);
        var count = section.CandidatesFile is null ? section.Candidates : int.MaxValue;
        if (section.Proxy == SearchProxy.Importance)
            return [.. kept.Best(allowed(), count).Select(candidate => (candidate, kept.Of(candidate)))];
        var pruned = kept.Best(allowed(), (int)Math.Min(int.MaxValue, (long)PrunedForOne * count)).Select(candidate =>
        {
            run.Progress.Note($"search: {candidate.Name} as pruned");
            return (Candidate: candidate, Proxy: CandidateStage.Run(run, setting, candidate, 0, null).Losses[0].Nll);
        }).ToArray();
        return [.. pruned.OrderBy(entry => entry.Proxy).Take(count)];
    }

    private static SearchResult ResultOf(CandidateSetting setting, (Candidate Candidate, double Proxy)[] candidates, HalvingResult halving)
    {
        var order = halving.Order;
        var rows = order.Select((number, place) =>
        {
            var (candidate, proxy) = candidates[number];
            return new CandidateRow
            {
                Rank = place + 1,
                Layers = candidate.Layers,
                Heads = candidate.Heads,
                Ffn = candidate.Ffn,
                Hidden = candidate.Hidden,
                Parameters = candidate.Parameters,
                NonEmbeddingParameters = candidate.NonEmbeddingParameters,
                MemoryBytes = candidate.MemoryBytes(setting.ElementBytes, setting.Search.Context, setting.Search.Sequences),
                ForwardFlopsPerToken = candidate.Shape.ForwardFlopsPerToken(setting.Sequence),
                Proxy = proxy,
                ProxyRank = number + 1,
                Losses = [.. halving.Rungs.Where(rung => rung.Order.Contains(number)).SelectMany(rung =>
                    rung.Losses[rung.Order.ToList().IndexOf(number)].Select(loss => new RungLoss(rung.Steps, loss.Text, loss.Nll, loss.StandardError)))],
            };
        }).ToArray();
        var spearman = RankCorrelation.Spearman([.. rows.Select(row => (double)row.ProxyRank)], [.. rows.Select(row => (double)row.Rank)]);
        return new()
        {
            Candidates = rows,
            Proxy = setting.Search.Proxy,
            ProxySpearman = rows.Length < 2 ? null : spearman,
            End = halving.End,
            Why = Halving.Why(halving),
        };
    }

    private static JsonObject Options(CandidateSetting setting) => new()
    {
        ["proxy"] = EnumName.Of(setting.Search.Proxy),
        ["rungs"] = new JsonArray([.. setting.Search.Rungs.Select(steps => JsonValue.Create(steps))]),
        ["context"] = setting.Search.Context,
        ["sequences"] = setting.Search.Sequences,
        ["space"] = JsonSerializer.SerializeToNode(setting.Search.Space, s_json),
        ["constraints"] = string.Join("; ", setting.Search.Constraints(setting.Sequence, 1, null).Select(constraint => $"{constraint.Name} {constraint.Budget}")),
        ["latency"] = $"{setting.Search.Prefill} {setting.Search.Decode}",
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
