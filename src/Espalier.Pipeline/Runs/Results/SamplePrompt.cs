using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs.Results;

/// <summary>
/// What to try a student with: the beginning of the first sentence in the documents that the run's own samples begin with, which nothing
/// was trained on. A prompt that was picked for its answer would say nothing, and one from elsewhere shows a student at its worst.
/// </summary>
internal static class SamplePrompt
{
    /// <summary>What stands where the run has no samples.</summary>
    public const string Otherwise = "Once upon a time";

    private const int Words = 5;

    /// <summary>The prompt for a run's student; one line.</summary>
    public static string Of(CompressResult result) =>
        Of(result.Output, result.Rows.LastOrDefault(row => row.Model == "student") ?? (result.Rows is [.., var last] ? last : null));

    /// <summary>The prompt for a model of a run.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="row">The model; null for none.</param>
    public static string Of(string run, ModelRow? row) => Perhaps.Read(() =>
    {
        if (row?.Samples is not { Length: > 0 } stage
            || StageRecord.Read(RunLayout.StageOf(run, stage))?.Result["samples"] is not JsonArray list)
            return null;
        string[] lines = [.. list.SelectMany(sample => LinesOf($"{sample?["prompt"]}{sample?["original"]}"))];
        return lines.Select(Beginning).FirstOrDefault(text => text is not null)
            ?? lines.FirstOrDefault(line => line.Contains(' ')) ?? lines.FirstOrDefault();
    }) ?? Otherwise;

    /// <summary>The lines of a sample's document; the last without the word that the sample's length may have cut through.</summary>
    private static string[] LinesOf(string document)
    {
        var text = document.TrimEnd();
        return [.. (text.LastIndexOfAny([' ', '\n']) is > 0 and var end ? text[..end] : text).Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.Length > 0 && !line.Any(char.IsControl))];
    }

    /// <summary>
    /// The first words of a line that goes on after them; null of a shorter one, or of one that begins with a mark, as headings do.
    /// </summary>
    private static string? Beginning(string line) => char.IsLetterOrDigit(line[0])
        && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > Words } words
            ? string.Join(' ', words.Take(Words)) : null;
}
