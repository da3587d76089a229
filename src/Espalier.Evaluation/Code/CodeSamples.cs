using System.Text;
using Espalier.Evaluation.Documents;

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
    private static readonly string[] s_id = ["task_id"];

    /// <summary>The name of a document's problem.</summary>
    public static string IdOf(TaskDocument document) => document.Text(s_id);

    /// <summary>Writes samples.</summary>
    /// <param name="stream">Receives them; it stays open.</param>
    public static void Write(Stream stream, IEnumerable<CodeSample> samples)
    {
        foreach (var (id, completion) in samples)
            stream.Write(Encoding.UTF8.GetBytes(new JsonObject { ["task_id"] = id, ["completion"] = completion }.ToJsonString() + '\n'));
    }
}
