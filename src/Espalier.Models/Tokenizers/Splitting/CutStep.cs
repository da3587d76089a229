namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>What becomes of the matches that a step cuts at.</summary>
internal enum CutBehavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a piece.</summary>
    Isolated,

    /// <summary>Each goes to the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each goes to the piece after it.</summary>
    MergedWithNext,

    /// <summary>Those that stand side by side are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts a piece at matches, in the ways of the reference's <c>SplitDelimiterBehavior</c>.</summary>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">Whether what lies between the matches counts as the matches.</param>
/// <param name="next">The next step.</param>
internal abstract class CutStep(CutBehavior behavior, bool invert, WordStep next) : WordStep
{
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        var cut = new Cut(this, piece, startsText, ids);
        Find(piece, ref cut);
        cut.End();
    }

    /// <summary>Hands each match to <see cref="Cut.Match"/>, from left to right.</summary>
    protected abstract void Find(ReadOnlySpan<char> piece, ref Cut cut);

    /// <summary>The pieces of one text, as its matches come.</summary>
    protected ref struct Cut(CutStep step, ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        private readonly ReadOnlySpan<char> _piece = piece;
        private int _done, _start, _end;
        private bool _lastMatches;

        /// <summary>Takes a match, which begins where the last has ended or after it.</summary>
        public void Match(int start, int end)
        {
            if (_done < start)
                Take(_done, start, false);
            Take(start, end, true);
            _done = end;
        }

        /// <summary>Takes what is left.</summary>
        public void End()
        {
            if (_done < _piece.Length)
                Take(_done, _piece.Length, false);
            Send();
        }

        private void Take(int start, int end, bool matches)
        {
            matches ^= step.Inverts;
            var joins = step.Behavior switch
            {
                CutBehavior.MergedWithPrevious => matches && !_lastMatches,
                CutBehavior.MergedWithNext => !matches && _lastMatches,
                CutBehavior.Contiguous => matches == _lastMatches,
                _ => false,
            };
            if (!joins || _end == _start)
                Send();
            if (_end == _start)
                _start = start;
            _end = step.Behavior == CutBehavior.Removed && matches ? _start : end;
            _lastMatches = matches;
        }

        private void Send()
        {
            if (_start < _end)
                step.Next.Accept(_piece[_start.._end], startsText && _start == 0, ids);
            _start = _end;
        }
    }

    private WordStep Next => next;

    private CutBehavior Behavior => behavior;

    private bool Inverts => invert;
}
