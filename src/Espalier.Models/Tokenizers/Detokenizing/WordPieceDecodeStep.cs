namespace Espalier.Models.Tokenizers.Detokenizing;

/// <summary>
/// A token inside a word loses its mark, any other but the first gets a space before it; then English is tidied, if asked.
/// </summary>
internal sealed class WordPieceDecodeStep(string prefix, bool cleans, DecodeStep next) : TokenDecodeStep(next)
{
    // In this order, as the reference does, each in one token with the space before it.
    private static readonly (string From, string To)[] s_tidied =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private bool _later;

    protected override void Take(string token)
    {
        if (_later)
            token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        _later = true;
        if (cleans)
            foreach (var (from, to) in s_tidied)
                token = token.Replace(from, to, StringComparison.Ordinal);
        Next.Text(token);
        Next.EndToken();
    }
}

/// <summary>The mark at the end of a word becomes a space, and nothing in the last token.</summary>
internal sealed class SuffixDecodeStep(string suffix, DecodeStep next) : TokenDecodeStep(next)
{
    private string? _held;

    protected override void Take(string token)
    {
        Send(" ");
        _held = token;
    }

    public override void End()
    {
        Send("");
        Next.End();
    }

    private void Send(string space)
    {
        if (_held is null)
            return;
        Next.Text(suffix.Length == 0 ? _held : _held.Replace(suffix, space, StringComparison.Ordinal));
        Next.EndToken();
        _held = null;
    }
}
