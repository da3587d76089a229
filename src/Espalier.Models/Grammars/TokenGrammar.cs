using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Grammars;

/// <summary>
/// Keeps what a model writes a beginning of what a grammar allows. What may come is computed once for each state of the text, of which all
/// are one that differ in what they count and no token reaches. Safe for use from several threads; a mask is one sequence's.
/// </summary>
internal sealed class TokenGrammar(GrammarNode root, GrammarTokens tokens)
{
    private readonly Lock _gate = new();
    private Grammar _grammar = new(root);

    /// <summary>How often it was found out what may come.</summary>
    public int Found { get; private set; }

    /// <summary>A mask for one answer.</summary>
    public ITokenMask Mask()
    {
        lock (_gate)
            return new GrammarMask(this, _grammar.Path());
    }

    private ulong[] Allowed(GrammarState state)
    {
        lock (_gate)
        {
            if (!_grammar.Keeps)
                _grammar = _grammar.Again();
            var alike = _grammar.Of(state, tokens.Table.Longest);
            if (alike.Allowed is { } known)
                return known;
            Found++;
            return alike.Allowed = Ends(tokens.Table.Allowed(alike), alike);
        }
    }

    // Where the text is whole and may go on, the model says so by an id that ends it.
    private ulong[] Ends(ulong[] allowed, GrammarState state)
    {
        if (state.MayEnd)
            foreach (var id in tokens.StopIds.Where(id => (uint)id < (uint)tokens.Table.Rows))
                allowed[id / 64] |= 1UL << (id % 64);
        return allowed;
    }

    private sealed class GrammarMask(TokenGrammar grammar, Grammar path) : ITokenMask
    {
        private Grammar _path = path;
        private GrammarState _state = path.Start;
        private bool _isEnded;

        public bool IsComplete => _isEnded || _state.IsComplete || (_state.MayEnd && grammar.StopsNowhere);

        public void Apply(Span<float> logits)
        {
            var allowed = grammar.Allowed(_state);
            if (allowed.AsSpan().IndexOfAnyExcept(0UL) < 0)
                throw new EspalierException("the model's vocabulary has no token that can continue the text in the required format");
            for (var id = 0; id < logits.Length; id++)
                if ((allowed[id / 64] >> (id % 64) & 1) == 0)
                    logits[id] = float.NegativeInfinity;
        }

        public void Accept(int id)
        {
            if (_state.MayEnd && grammar.IsStop(id))
            {
                _isEnded = true;
                return;
            }
            foreach (var b in grammar.BytesOf(id))
                _state = _state.After(b) ?? throw new InvalidOperationException($"id {id} may not come and was chosen all the same");
            if (_path.IsFull)
                _state = (_path = _path.Again()).Of(_state, within: null);
        }
    }

    private bool StopsNowhere => tokens.StopIds.Count == 0;

    private bool IsStop(int id) => tokens.StopIds.Contains(id);

    private byte[] BytesOf(int id) => tokens.Bytes[id]
        ?? throw new InvalidOperationException($"id {id} has no text but was chosen");
}
