using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval;

/// <summary>The user's passages, searched by words (<see cref="Bm25"/>).</summary>
internal sealed class RetrievalSet
{
    private readonly IReadOnlyList<Passage> _passages;
    private readonly Bm25 _index;

    /// <summary>Makes the set searchable.</summary>
    /// <param name="source">Where they are from, for messages.</param>
    /// <exception cref="EspalierException">There are none, or none has a word.</exception>
    public RetrievalSet(IReadOnlyList<Passage> passages, string source, Bm25Options? options = null)
    {
        if (!passages.Any(static passage => SearchWords.Of(passage.Text).Count > 0))
            throw new EspalierException($"{source}: no passage contains a word, so questions cannot be answered");
        (_passages, _index) = (passages, new(passages, options));
    }

    /// <summary>Reads passages from a file of documents.</summary>
    /// <param name="id">The passage's name; null the place in the file, from 1.</param>
    /// <param name="title">The title; null none.</param>
    /// <exception cref="EspalierException">A field is missing, a text is empty, or two have one name.</exception>
    public static IReadOnlyList<Passage> Read(IReadOnlyList<TaskDocument> documents, Template? id, Template? title, Template text)
    {
        var (passages, places) = (new List<Passage>(), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var document in documents)
        {
            var passage = new Passage(id?.Fill(document) ?? $"{document.Number + 1}", title?.Fill(document) ?? "", text.Fill(document));
            if (PythonText.Strip(passage.Text).Length == 0)
                throw new EspalierException($"{document.Place}: the passage's text, {text}, is empty; leave the passage out");
            if (!places.TryAdd(passage.Id, document.Place))
                throw new EspalierException(
                    $"{document.Place}: the passage's name, '{passage.Id}', is also that of {places[passage.Id]}; give each its own");
            passages.Add(passage);
        }
        return passages;
    }

    /// <summary>The best passages for a question, the best first; fewer where fewer share a word with it.</summary>
    public IReadOnlyList<Passage> Find(string query, int most) => [.. _index.Find(query, most).Select(hit => _passages[hit.Place])];
}
