using Espalier.Compression.Evaluation;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Pipeline.Stages.Search;

/// <summary>What a search found, as rows: candidates by their place, with the losses of every rung that they took part in.</summary>
internal static class SearchRanking
{
    /// <summary>The result, a row a candidate, the best first.</summary>
    /// <param name="setting">What candidates were held against.</param>
    /// <param name="candidates">Candidates with what the proxy gave each, the best by it first.</param>
    /// <param name="halving">How they were compared.</param>
    public static SearchResult ResultOf(CandidateSetting setting, (Candidate Candidate, double Proxy)[] candidates, HalvingResult halving)
    {
        var order = halving.Order;
        var rows = order.Select((number, place) =>
        {
            var (candidate, proxy) = candidates[number];
            return new CandidateRow
            {
                Rank = place + 1,
                Sizes = candidate.Sizes,
                Parameters = candidate.Parameters,
                NonEmbeddingParameters = candidate.NonEmbeddingParameters,
                MemoryBytes = candidate.MemoryBytes(setting.ElementBytes, setting.Search.Context, setting.Search.Sequences),
                ForwardFlopsPerToken = candidate.Shape.ForwardFlopsPerToken(setting.Sequence),
                Proxy = proxy,
                ProxyRank = number + 1,
                Losses = [.. halving.Rungs.Where(rung => rung.Order.Contains(number))
                    .SelectMany(rung => LossesOf(rung, rung.Order.ToList().IndexOf(number)))],
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

    private static IEnumerable<RungLoss> LossesOf(HalvingRung rung, int candidate)
    {
        var places = Halving.Places(rung.Losses);
        return rung.Losses[candidate].Select((loss, text) =>
        {
            var behind = candidate == 0 || candidate >= rung.Sound ? null : PairedDifference.Of(loss.Windows, rung.Losses[0][text].Windows);
            return new RungLoss(rung.Steps, loss.Text, loss.Nll, loss.StandardError)
            {
                Place = places.Length > 1 ? places[text][candidate] : null,
                Behind = behind?.Mean,
                BehindStandardError = behind?.StandardError,
                Metric = loss.Score?.Metric,
                Score = loss.Score?.Value,
                ScoreStandardError = loss.Score?.StandardError,
            };
        });
    }
}
