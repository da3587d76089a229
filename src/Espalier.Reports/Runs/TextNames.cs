using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Reports.Runs;

/// <summary>Names of texts that losses stand under: one name, the same windows of the same text.</summary>
internal static class TextNames
{
    /// <summary>
    /// The results; where arms saw different texts under one name, <c>held-out</c> becomes <c>held-out (arm)</c>, so that no table, chart
    /// or difference puts losses beside each other that are not of the same windows.
    /// </summary>
    public static IReadOnlyList<CompressResult> Apart(IReadOnlyList<CompressResult> results)
    {
        var seen = (from result in results
                    from text in result.Rows.SelectMany(row => row.Evaluations).DistinctBy(evaluation => evaluation.Set)
                    select (result.Arm, text.Set, text.Tokens, Windows: WindowsOf(result, text.Set))).ToArray();
        // What no record tells apart is believed to be the same.
        var names = seen.GroupBy(one => (one.Set, one.Tokens, one.Windows ?? seen.FirstOrDefault(other =>
                other.Set == one.Set && other.Tokens == one.Tokens && other.Windows is not null).Windows))
            .GroupBy(arms => arms.Key.Set).Where(texts => texts.Count() > 1)
            .SelectMany(texts => texts).SelectMany(arms => arms.Select(one =>
                (Of: (one.Arm, one.Set), Name: $"{one.Set} ({NameOf([.. arms.Select(other => other.Arm)])})")))
            .ToDictionary(one => one.Of, one => one.Name);
        return names.Count == 0 ? results : [.. results.Select(result => result with
        {
            Rows = [.. result.Rows.Select(row => row with
            {
                Evaluations = [.. row.Evaluations.Select(evaluation =>
                    evaluation with { Set = names.GetValueOrDefault((result.Arm, evaluation.Set), evaluation.Set) })],
            })],
        })];
    }

    /// <summary>The text and how it was cut, by an evaluation's record.</summary>
    public static string WindowsOf(StageRecord record, string set) =>
        $"{record.Inputs.GetValueOrDefault($"text-{set}")} {record.Options?["sequence"]}";

    private static string? WindowsOf(CompressResult result, string set) => result.Rows
        .Where(row => row.Stage is not null && row.Evaluations.Any(evaluation => evaluation.Set == set))
        .Select(row => Perhaps.Read(() => StageRecord.Read(RunLayout.StageOf(result.Output, row.Stage!))))
        .OfType<StageRecord>().Select(record => WindowsOf(record, set)).FirstOrDefault();

    private static string NameOf(string[] arms) => arms.Length > 2 ? $"{arms[0]} and {arms.Length - 1} more" : string.Join(", ", arms);
}
