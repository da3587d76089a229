using System.Text;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Shots;

namespace Espalier.Evaluation.Tasks;

/// <summary>A document with what stands before it.</summary>
/// <param name="Before">The description and the shots.</param>
/// <param name="Description">Characters of the description, which come first.</param>
internal readonly record struct AskedDocument(TaskDocument Document, string Before, int Description);

/// <summary>
/// Writes what stands before a document, byte for byte as lm-evaluation-harness 0.4 does (lm_eval/api/task.py,
/// fewshot_context): the description and the shots.
/// </summary>
internal static class ShotTexts
{
    /// <summary>A subject's documents in their order, each with what stands before it.</summary>
    /// <param name="write">Writes a shot, with the separator after it.</param>
    /// <param name="limit">Only the first documents; null all.</param>
    /// <exception cref="EspalierException">There are fewer documents to draw from than shots, or one lacks a field.</exception>
    public static IEnumerable<AskedDocument> Of(TaskDefinition task, TaskSubject subject, int shots,
        Func<TaskDocument, string> write, int? limit)
    {
        // Where shots come from the documents that are asked, the harness draws one more and leaves out the document itself.
        var sampler = new ShotSampler(subject.Shots.Count, shots, task.Shots.Order, drawsOneMore: task.Shots.Documents is null);
        foreach (var document in subject.Documents.Take(limit ?? int.MaxValue))
        {
            var before = new StringBuilder(subject.Preamble ?? task.Description?.Fill(document.With("subject", subject.Name)));
            var description = before.Length;
            foreach (var shot in sampler.Next(place => subject.Shots[place].IsSame(document)))
                before.Append(write(subject.Shots[shot]));
            yield return new(document, before.ToString(), description);
        }
    }
}
