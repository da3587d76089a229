using System.Text;
using Espalier.Compression.Importance;
using Espalier.Compression.Synthesis;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>What a command writes into a file, and how an earlier one is known: only that may be replaced.</summary>
/// <param name="Name">For messages: <c>a file of scores</c>.</param>
/// <param name="Is">Whether a regular file is one.</param>
internal sealed record OutputKind(string Name, Func<string, bool> Is)
{
    private const int HeadBytes = 4096;

    internal static OutputKind Scores { get; } = Json("a file of scores", "version", "axes");

    internal static OutputKind DepthScores { get; } = Json("a file of layer scores", "version", "layers", "metrics");

    internal static OutputKind Plan { get; } = Json("a plan for prune", "version", "layers", "channels", "heads", "neurons");

    internal static OutputKind Candidates { get; } = Json("a list of candidates", "version", "candidates");

    internal static OutputKind Gguf { get; } = new("a GGUF file", path => Head(path).StartsWith("GGUF", StringComparison.Ordinal));

    internal static OutputKind PerToken { get; } = new("a file of NLLs",
        path => Head(path).StartsWith("{\"window\":", StringComparison.Ordinal));

    internal static OutputKind PerDocument { get; } = new("a file of document scores",
        path => Head(path) is var head && head.StartsWith("{\"model\":", StringComparison.Ordinal)
            && head.Contains("\"task\":", StringComparison.Ordinal));

    internal static OutputKind Samples { get; } = new("a file of programs that a model wrote",
        path => Head(path) is var head && head.StartsWith("{\"task_id\":", StringComparison.Ordinal)
            && head.Contains("\"completion\":", StringComparison.Ordinal));

    internal static OutputKind Conversation { get; } = new("a conversation of chat",
        path => Head(path).StartsWith("{\"messages\":[", StringComparison.Ordinal));

    /// <summary>Texts that a teacher wrote: what they were made with lies beside them. Only the same settings find them again.</summary>
    internal static OutputKind Synthesis { get; } = new("a file of texts that a teacher wrote",
        path => File.Exists(SynthesisRecord.PlaceOf(path)) || File.Exists(SynthesisRecord.JournalOf(path)));

    /// <summary>A page of ours: its title says so.</summary>
    internal static OutputKind Html { get; } = new("a page of espalier", path =>
        Head(path) is var head && head.StartsWith("<!DOCTYPE html>", StringComparison.Ordinal)
            && head.Contains("Espalier</title>", StringComparison.Ordinal));

    private static OutputKind Json(string name, params string[] fields) =>
        new(name, path => JsonFile.Holds(path, ScoresFile.MaxBytes, root => fields.All(field => root.TryGetProperty(field, out _))));

    private static string Head(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[HeadBytes];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
