using Espalier.Compression.Search;
using Espalier.Pipeline.Cards;

namespace Espalier.Reports.Pictures;

/// <summary>
/// What a search ordered its candidates by, where that is more than the held-out text: a line a candidate and text or benchmark, of the
/// last rung that the candidate reached.
/// </summary>
internal static class ComparedLosses
{
    /// <summary>Titles of the columns, and whether they hold numbers.</summary>
    public static IReadOnlyList<Column> Columns(SearchResult result) =>
    [
        ">rank", result.Candidates[0].Keys, ">steps", ">mean place", "on", ">loss", ">place", ">behind the best", "score",
    ];

    /// <summary>Whether there is more than the held-out text.</summary>
    public static bool AreThere(SearchResult result) => result.Candidates[0].Last.Count > 1;

    /// <summary>The lines: of each candidate the first alone says which it is.</summary>
    public static IEnumerable<(CandidateRow Candidate, IReadOnlyList<string> Cells)> Lines(SearchResult result) =>
        result.Candidates.SelectMany(row => row.Last.Select((loss, i) => (row, (IReadOnlyList<string>)
        [
            .. i > 0 ? ["", "", "", ""] : new[] { Whole(row.Rank), row.Name, Whole(loss.Steps), Place(row.Last.Average(PlaceOf)) },
            loss.Set, WithError(Loss(loss.Nll), loss.NllStandardError), Place(PlaceOf(loss)),
            loss.Behind is { } behind ? WithError(behind.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture),
                loss.BehindStandardError) : "",
            loss is { Metric: { } metric, Score: { } score } ? $"{metric} {WithError(Loss(score), loss.ScoreStandardError)}" : "",
        ])));

    private static double PlaceOf(RungLoss loss) => loss.Place ?? 1;

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Place(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Loss(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string WithError(string value, double? error) => error is { } found ? $"{value} ± {Loss(found)}" : value;
}
