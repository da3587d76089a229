namespace Espalier.Models.Tokenizers;

/// <summary>A step on the way from a piece of text to ids: it cuts or rewrites its piece and hands the parts to the next step.</summary>
internal abstract class WordStep
{
    /// <summary>Takes a non-empty piece.</summary>
    /// <param name="piece">Well-formed UTF-16.</param>
    /// <param name="startsText">Whether the piece is the very start of the text.</param>
    /// <param name="ids">Where the ids go.</param>
    public abstract void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids);
}
