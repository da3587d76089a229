using Espalier.Compression.Search;
using Espalier.Pipeline.Forecasts;

namespace Espalier.Cli.Commands;

/// <summary>The sizes that a search chose.</summary>
internal sealed record ChosenShape(int Layers, int Heads, int Ffn, int Hidden);

/// <summary>What <c>search --json</c> prints.</summary>
internal sealed record SearchReport
{
    /// <summary>The run folder.</summary>
    public required string Output { get; init; }

    /// <summary>The shape that compress will go on with.</summary>
    public required ChosenShape Chosen { get; init; }

    /// <summary>Why the search ended: stable, rungs-used-up, one-alone.</summary>
    public required HalvingEnd End { get; init; }

    /// <summary>The same in a sentence.</summary>
    public required string Why { get; init; }

    /// <summary>What candidates were ordered by before training.</summary>
    public required SearchProxy Proxy { get; init; }

    /// <summary>Spearman's ρ of that order and the last one; absent where there is none.</summary>
    public double? ProxySpearman { get; init; }

    /// <summary>The candidates, best first.</summary>
    public required IReadOnlyList<CandidateRow> Candidates { get; init; }

    /// <summary>What it takes at most, reckoned beforehand.</summary>
    public SearchCost? Forecast { get; init; }

    /// <summary>What it took.</summary>
    public SearchCost? Cost { get; init; }

    /// <summary>The picture, where one was asked for.</summary>
    public string? Picture { get; init; }

    internal static SearchReport Of(SearchResult result, string output, string? picture) => new()
    {
        Output = output,
        Chosen = new(result.Candidates[0].Layers, result.Candidates[0].Heads, result.Candidates[0].Ffn, result.Candidates[0].Hidden),
        End = result.End,
        Why = result.Why,
        Proxy = result.Proxy,
        ProxySpearman = result.ProxySpearman,
        Candidates = result.Candidates,
        Forecast = result.Forecast,
        Cost = result.Cost,
        Picture = picture,
    };
}

/// <summary>What <c>search --enumerate --json</c> prints.</summary>
internal sealed record EnumerationReport
{
    /// <summary>Shapes that keep to the constraints.</summary>
    public required long Count { get; init; }

    /// <summary>The first of them.</summary>
    public required IReadOnlyList<CandidateForecast> Candidates { get; init; }

    /// <summary>The file with all of them, where one was asked for.</summary>
    public string? File { get; init; }
}
