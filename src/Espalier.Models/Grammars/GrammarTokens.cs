using Espalier.Models.Tokenizers;

namespace Espalier.Models.Grammars;

/// <summary>A vocabulary as grammars read it. Safe for use from several threads.</summary>
internal sealed class GrammarTokens
{
    /// <summary>Reads it.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="rows">Ids that the model has logits for.</param>
    /// <param name="stopIds">Ids that end a text.</param>
    /// <param name="marks">Texts that are one token wherever the vocabulary has one for them, special or not.</param>
    public GrammarTokens(Tokenizer tokenizer, int rows, IReadOnlySet<int> stopIds, IReadOnlyList<string> marks)
    {
        (Table, StopIds) = (new(tokenizer, rows, marks), stopIds);
        Bytes = Table.ById();
    }

    /// <summary>The tokens, sorted.</summary>
    public TokenTable Table { get; }

    /// <summary>The bytes of each id; null where it stands for no text.</summary>
    public IReadOnlyList<byte[]?> Bytes { get; }

    public IReadOnlySet<int> StopIds { get; }
}
