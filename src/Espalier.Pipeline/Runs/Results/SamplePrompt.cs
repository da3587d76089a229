using System.Text.Json.Nodes;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs.Results;

/// <summary>
/// What to try a student with: the beginning of the first document that the run's own samples begin with, which nothing was trained on.
/// A prompt that was picked for its answer would say nothing, and one from elsewhere shows a student at its worst.
/// </summary>
internal static class SamplePrompt
{
    /// <summary>What stands where the run has no samples.</summary>
    public const string Otherwise = "Once upon a time";

    /// <summary>The prompt for a run's student; one line.</summary>
    public static string Of(CompressResult result) =>
        Of(result.Output, result.Rows.LastOrDefault(row => row.Model == "student") ?? (result.Rows is [.., var last] ? last : null));

    /// <summary>The prompt for a model of a run.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="row">The model; null for none.</param>
    public static string Of(string run, ModelRow? row)
    {
        try
        {
            if (row?.Samples is { Length: > 0 } stage
                && StageRecord.Read(RunLayout.StageOf(run, stage))?.Result["samples"] is JsonArray list)
                return list.Select(sample => Line((string?)sample?["prompt"] ?? "")).FirstOrDefault(IsSeveralWords) ?? Otherwise;
        }
        // What to type last is worth no error.
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return Otherwise;
        }
        return Otherwise;
    }

    /// <summary>The first line, without a word at its end that the samples' length cut through.</summary>
    private static string Line(string prompt)
    {
        var text = prompt.TrimStart();
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return (end >= 0 ? text[..end] : text.LastIndexOf(' ') is > 0 and var last ? text[..last] : text).TrimEnd();
    }

    private static bool IsSeveralWords(string line) => line.Contains(' ') && !line.Any(char.IsControl);
}
