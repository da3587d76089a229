using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Grammars;

/// <summary>
/// Keeps what a model writes a beginning of a JSON object. What may come is computed once for each state of the text, and kept for as many
/// as recur. Safe for use from several threads; a mask is one sequence's.
/// </summary>
internal sealed class JsonGrammar(Tokenizer tokenizer, int rows)
{
    private const int MostKept = 512;

    private readonly Lazy<(TokenTable Table, byte[]?[] Bytes)> _tokens = new(() =>
    {
        var table = new TokenTable(tokenizer, rows);
        return (table, table.ById());
    });
    private readonly Lock _gate = new();
    private readonly Dictionary<JsonState, ulong[]> _allowed = [];

    /// <summary>A mask for one answer.</summary>
    public ITokenMask Mask() => new JsonMask(this);

    private ulong[] Allowed(JsonState state)
    {
        lock (_gate)
            if (_allowed.TryGetValue(state, out var known))
                return known;
        var allowed = _tokens.Value.Table.Allowed(state);
        lock (_gate)
        {
            if (_allowed.Count >= MostKept)
                _allowed.Clear();
            _allowed[state] = allowed;
        }
        return allowed;
    }

    private sealed class JsonMask(JsonGrammar grammar) : ITokenMask
    {
        private JsonState _state;

        public bool IsComplete => _state.IsComplete;

        public void Apply(Span<float> logits)
        {
            var allowed = grammar.Allowed(_state);
            if (allowed.AsSpan().IndexOfAnyExcept(0UL) < 0)
                throw new EspalierException("the model's vocabulary has no token that could go on with the JSON text");
            for (var id = 0; id < logits.Length; id++)
                if ((allowed[id / 64] >> (id % 64) & 1) == 0)
                    logits[id] = float.NegativeInfinity;
        }

        public void Accept(int id)
        {
            foreach (var b in grammar._tokens.Value.Bytes[id]
                ?? throw new InvalidOperationException($"id {id} stands for no text and was chosen all the same"))
                _state = _state.After(b) ?? throw new InvalidOperationException($"id {id} may not come and was chosen all the same");
        }
    }
}
