using System.Buffers;
using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>When Metaspace puts its mark in front.</summary>
internal enum PrependScheme
{
    /// <summary>In front of every piece.</summary>
    Always,

    /// <summary>Only in front of the piece that starts the text.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}

/// <summary>Writes spaces as the mark, puts it in front where asked, and cuts before each mark.</summary>
internal sealed class MetaspaceStep(char mark, PrependScheme prepend, bool split, WordStep next) : WordStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        var prefixed = piece[0] != ' ' && piece[0] != mark
            && (prepend == PrependScheme.Always || (prepend == PrependScheme.First && startsText));
        var front = prefixed ? 1 : 0;
        var rented = ArrayPool<char>.Shared.Rent(piece.Length + front);
        rented[0] = mark;
        piece.Replace(rented.AsSpan(front), ' ', mark);
        ReadOnlySpan<char> text = rented.AsSpan(0, piece.Length + front);
        if (split)
            Split(text, startsText, ids);
        else
            next.Accept(text, startsText, ids);
        ArrayPool<char>.Shared.Return(rented);
    }

    private void Split(ReadOnlySpan<char> text, bool startsText, IdBuffer ids)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            var found = text[(start + 1)..].IndexOf(mark);
            end = found < 0 ? text.Length : start + 1 + found;
            next.Accept(text[start..end], startsText && start == 0, ids);
        }
    }
}

/// <summary>
/// Cuts before each mark that follows another character. Only for models none of whose merges crosses such a place, where
/// it changes no id: it lets long texts without any pre-tokenizer go through the cache of words.
/// </summary>
internal sealed class MarkBoundaryStep(char mark, WordStep next) : WordStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            end = start;
            while (end < piece.Length && piece[end] == mark)
                end++;
            var found = piece[end..].IndexOf(mark);
            end = found < 0 ? piece.Length : end + found;
            next.Accept(piece[start..end], startsText && start == 0, ids);
        }
    }
}
