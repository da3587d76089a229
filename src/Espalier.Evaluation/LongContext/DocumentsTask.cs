using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>A question over documents, some of which answer it.</summary>
/// <param name="Answers">Right answers; one is enough.</param>
/// <param name="Documents">The documents that answer it.</param>
internal sealed record DocumentQuestion(string Question, IReadOnlyList<string> Answers, IReadOnlyList<string> Documents);

/// <summary>
/// Questions over documents (RULER, section 3.4): those that answer the question among others of the file. The wording has {context} and
/// {question}.
/// </summary>
internal sealed class DocumentsTask(Template wording, IReadOnlyList<DocumentQuestion> questions) : RulerTask(wording)
{
    private readonly string[] _documents = [.. questions.SelectMany(question => question.Documents).Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal)];

    // Sizes are documents beside those of the question.
    public override int Least => 0;

    public override int Most => _documents.Length;

    public override bool AnyCounts => true;

    public override LongQuestion Make(int number, PythonRandom random, int size)
    {
        var asked = questions[number];
        string[] others = [.. _documents.Except(asked.Documents, StringComparer.Ordinal)];
        string[] all = [.. asked.Documents, .. random.Sample(others.Length, Math.Min(size, others.Length)).Select(place => others[place])];
        random.Shuffle(all);
        return new(
            Fill(("context", string.Join("\n\n", all.Select((text, i) => $"Document {i + 1}:\n{text}"))), ("question", asked.Question)),
            asked.Answers);
    }
}
