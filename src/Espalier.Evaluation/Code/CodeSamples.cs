using System.Text.Json;
using Espalier.Evaluation.Documents;
using Espalier.Files;

namespace Espalier.Evaluation.Code;

/// <summary>A program that a model wrote.</summary>
/// <param name="TaskId">The problem's name: its task_id.</param>
/// <param name="Completion">What was written, up to the stop string.</param>
internal sealed record CodeSample(string TaskId, string Completion);

/// <summary>
/// Samples as HumanEval's program reads them, JSON Lines with task_id and completion: they are written always, and run only where the user
/// wants that.
/// </summary>
internal static class CodeSamples
{
    private static readonly string[] s_id = ["task_id"], s_completion = ["completion"];

    /// <summary>The name of a document's problem.</summary>
    public static string IdOf(TaskDocument document) => document.Text(s_id);

    /// <summary>Writes samples.</summary>
    /// <param name="stream">Receives them; it stays open.</param>
    /// <param name="samples">The samples.</param>
    public static void Write(Stream stream, IEnumerable<CodeSample> samples)
    {
        foreach (var sample in samples)
        {
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                json.WriteString("task_id", sample.TaskId);
                json.WriteString("completion", sample.Completion);
                json.WriteEndObject();
            }
            stream.WriteByte((byte)'\n');
        }
    }

    /// <summary>Reads samples, each with its document.</summary>
    /// <param name="path">The file; also as .gz.</param>
    /// <param name="documents">The problems.</param>
    /// <exception cref="EspalierException">The file cannot be read, or a problem is not known.</exception>
    public static IReadOnlyList<(TaskDocument Document, string Completion)> Read(string path, IReadOnlyList<TaskDocument> documents)
    {
        var known = new Dictionary<string, TaskDocument>(StringComparer.Ordinal);
        foreach (var document in documents)
            if (!known.TryAdd(IdOf(document), document))
                throw new EspalierException($"{document.Place}: task_id {IdOf(document)} comes twice");
        return [.. TaskDocuments.Read(path, null).Select(sample => (
            known.TryGetValue(IdOf(sample), out var document) ? document
                : throw new EspalierException($"{sample.Place}: there is no problem {OneLine.Clipped(IdOf(sample))}"),
            sample.Text(s_completion)))];
    }
}
