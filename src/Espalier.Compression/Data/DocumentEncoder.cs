namespace Espalier.Compression.Data;

/// <summary>Appends the ids of a text, its BOS first where the tokenizer has one. Called by several threads at once.</summary>
public delegate void EncodeText(string text, List<int> ids);

/// <summary>What the data path needs of a tokenizer.</summary>
/// <param name="Encode">Appends the ids of a text; thread-safe.</param>
/// <param name="VocabularySize">Ids are below it.</param>
/// <param name="EosId">Ends every document; null where there is none.</param>
/// <param name="Sha256">Hash of the tokenizer, lower-case hexadecimal; kept with the tokens.</param>
public sealed record DocumentEncoder(EncodeText Encode, int VocabularySize, int? EosId, string Sha256)
{
    /// <summary>The ids of one document with EOS behind them.</summary>
    /// <exception cref="EspalierException">An id outside the vocabulary.</exception>
    public void EncodeDocument(Document document, List<int> ids)
    {
        var begin = ids.Count;
        Encode(document.Text, ids);
        if (EosId is { } eos && (ids.Count == begin || ids[^1] != eos))
            ids.Add(eos);
        for (var i = begin; i < ids.Count; i++)
            if ((uint)ids[i] >= (uint)VocabularySize)
                throw new EspalierException(
                    $"{document.Origin}: the tokenizer gave id {ids[i]}, not below the vocabulary of {VocabularySize}");
    }
}
