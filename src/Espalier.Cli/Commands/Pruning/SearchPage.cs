using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Rendering;
using Espalier.Compression.Search;
using Espalier.Pipeline.Forecasts;
using Espalier.Reports.Pictures;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>What <c>search</c> shows to a person.</summary>
internal static class SearchPage
{
    internal static void Show(Page page, SearchResult result, string output, string? picture)
    {
        ShowResult(page, result);
        var best = result.Candidates[0];
        page.Line($"chosen   {SizesOf(result).Line(best.Sizes)}");
        page.Line($"run      {output}");
        if (picture is not null)
            page.Line($"picture  {picture}");
    }

    /// <summary>The table of the candidates and what the search took.</summary>
    internal static void ShowResult(Page page, SearchResult result)
    {
        var heldOut = result.Candidates[0].Losses[0].Set;
        var rungs = result.Candidates.SelectMany(row => row.Losses).Where(loss => loss.Set == heldOut)
            .Select(loss => (loss.Set, loss.Steps)).Distinct().OrderBy(rung => rung.Steps).ToArray();
        var sizes = SizesOf(result);
        var table = new TextTable([">rank", .. sizes.Columns, ">parameters", ">non-embedding", ">memory", ">by proxy",
            .. rungs.Select(rung => $">nll at {rung.Steps}"), ">prefill", ">decode"]);
        foreach (var row in result.Candidates)
            table.Add([
                $"{row.Rank}", .. sizes.Cells(row.Sizes), Units.Count(row.Parameters),
                Units.Count(row.NonEmbeddingParameters), Units.Bytes(row.MemoryBytes),
                $"{row.ProxyRank}",
                .. rungs.Select(rung => row.Losses.FirstOrDefault(loss => (loss.Set, loss.Steps) == rung) is { } loss
                    ? Number(loss.Nll, "0.0000") : ""),
                Milliseconds(row.PrefillSeconds), Milliseconds(row.DecodeSeconds)]);
        page.Table(table);
        if (ComparedLosses.AreThere(result))
            ShowCompared(page, result);
        page.Line($"{result.Why}.");
        if (result.ProxySpearman is { } spearman)
            page.Line(
                $"Ranks by {(result.Proxy == SearchProxy.Importance ? "importance kept" : "loss as pruned")} "
                    + $"and at the end: Spearman {Number(spearman, "0.00")}.");
        if (result is { Forecast: { } before, Cost: { } after })
            page.Line($"Cost: estimated at most {Costs(before)}, used {Costs(after)}.");
    }

    /// <summary>
    /// What candidates were ordered by, where that is more than the held-out text: of each at the last rung that it reached.
    /// </summary>
    private static void ShowCompared(Page page, SearchResult result)
    {
        page.Line();
        page.Heading("candidates are ordered by their mean rank on all of these; lower is better, ± one standard error");
        var table = new TextTable([.. ComparedLosses.Columns(result)]);
        foreach (var (_, cells) in ComparedLosses.Lines(result))
            table.Add([.. cells]);
        page.Table(table);
    }

    /// <summary>A row a candidate, rung and text.</summary>
    internal static CsvTable Csv(SearchResult report)
    {
        var sizes = SizesOf(report);
        var table = new CsvTable([
            "rank", .. sizes.Names, "parameters", "non_embedding_parameters", "memory_bytes", "forward_flops_per_token", "proxy",
            "proxy_rank", "prefill_seconds", "decode_seconds", "steps", "set", "nll", "nll_se", "place", "behind", "behind_se", "metric",
            "score", "score_se"]);
        foreach (var row in report.Candidates)
            foreach (var loss in row.Losses)
                table.Add([
                    row.Rank, .. sizes.Numbers(row.Sizes), row.Parameters, row.NonEmbeddingParameters, row.MemoryBytes,
                    row.ForwardFlopsPerToken, row.Proxy, row.ProxyRank, row.PrefillSeconds, row.DecodeSeconds, loss.Steps, loss.Set,
                    loss.Nll, loss.NllStandardError, loss.Place, loss.Behind, loss.BehindStandardError, loss.Metric, loss.Score,
                    loss.ScoreStandardError]);
        return table;
    }

    /// <summary>A row a shape.</summary>
    internal static CsvTable Csv(EnumerationReport report)
    {
        var sizes = SizesOf(report.Candidates);
        var table = new CsvTable([.. sizes.Names, "parameters", "non_embedding_parameters", "memory_bytes", "forward_flops_per_token"]);
        foreach (var row in report.Candidates)
            table.Add([.. sizes.Numbers(row.Sizes), row.Parameters, row.NonEmbeddingParameters, row.MemoryBytes, row.ForwardFlopsPerToken]);
        return table;
    }

    /// <summary>What there is to choose from.</summary>
    internal static void ShowEnumeration(Page page, EnumerationReport report)
    {
        page.Table(Table(report.Candidates));
        page.Line(
            $"{report.Count} candidates{(report.Candidates.Count < report.Count ? $", the first {report.Candidates.Count} are shown" : "")}");
        if (report.File is { } file)
            page.Line($"file     {file}");
    }

    /// <summary>A search before it runs.</summary>
    internal static void ShowPlan(Page page, SearchPlan plan)
    {
        page.Heading("Search");
        page.Table(Table(plan.First));
        page.Line(
            $"{plan.Count} shapes{(plan.First.Count < plan.Count ? $", the first {plan.First.Count} are shown" : "")}; {plan.Trained} are "
                + $"trained, at most {Costs(plan.Cost)}. A latency budget is applied later.");
        page.Line("The student above is the largest shape.");
        page.Line();
    }

    private static TextTable Table(IReadOnlyList<CandidateForecast> candidates)
    {
        var sizes = SizesOf(candidates);
        var table = new TextTable([.. sizes.Columns, ">parameters", ">non-embedding", ">memory"]);
        foreach (var row in candidates)
            table.Add([
                .. sizes.Cells(row.Sizes), Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters),
                Units.Bytes(row.MemoryBytes)]);
        return table;
    }

    private static string Costs(SearchCost cost) =>
        $"{Units.Count(cost.Tokens)} tokens, {cost.Flops.ToString("0.00e+0", CultureInfo.InvariantCulture)} operations"
            + $"{(cost.Seconds is { } seconds ? $" and {Units.Time(TimeSpan.FromSeconds(Math.Min(seconds, 1e10)))}" : "")}";

    private static SizeColumns SizesOf(SearchResult result) => new(Axis.Searched, result.Candidates.Select(row => row.Sizes));

    private static SizeColumns SizesOf(IEnumerable<CandidateForecast> rows) => new(Axis.Searched, rows.Select(row => row.Sizes));

    private static string Milliseconds(double? seconds) => seconds is { } value ? $"{Units.Short(1000 * value)} ms" : "";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
