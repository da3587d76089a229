using Espalier.Models.Masks;
using Espalier.Models.Mixers;
using Espalier.Models.Rotary;

namespace Espalier.Models.Layouts;

// Shapes: T tokens of the row, P positions of the cache that it follows, S = P + T, R entries of a head that turn.

/// <summary>
/// One row that holds several texts with several ways to go on each: a token of a text sees what the cache holds and its text before it,
/// one of a way to go on sees the cache, the text and its own way before it, and none sees another text or way. So nothing is computed
/// twice, filled up or copied. Owned by the pass that made it.
/// </summary>
internal sealed class BranchedLayout : IDisposable
{
    private readonly Token[] _tokens;
    private readonly long _past;
    private readonly Device _device;
    private readonly List<(int? Window, Tensor Begins)> _begins = [];

    private BranchedLayout(Token[] tokens, long past, RotaryTables rotary, DType dtype, Device device)
    {
        (_tokens, _past, _device) = (tokens, past, device);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        long[] places = [.. tokens.Select(token => token.Place)];
        Tables = rotary.Of(places, [.. places.Select(_ => places.Max() + 1)], 1, tokens.Length);
        if (SelfAttention.IsFused(dtype, device))
            Holes = Tensor.From<long>([.. tokens.SelectMany(token => token.Holes(past))], 1, tokens.Length, 4).Unscoped();
        else
            Masks = new BranchedMasks(this, dtype);
    }

    /// <summary>Cosines and sines, each [1, T, 1, R/2], of each rotary embedding.</summary>
    public RotaryPass Tables { get; }

    /// <summary>The stretches of positions that each token does not see, [1, T, 4]; null where there are masks.</summary>
    public Tensor? Holes { get; }

    /// <summary>Masks [T, S]; null where attention needs none.</summary>
    public AttentionMasks? Masks { get; }

    /// <summary>The layout of texts, in their order.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="past">Positions of the cache, which all texts begin after.</param>
    /// <param name="rotary">The rotary embedding.</param>
    /// <param name="dtype">Type of the values, which a mask has too.</param>
    /// <param name="device">Where is computed.</param>
    public static BranchedLayout Of(IReadOnlyList<BranchedText> texts, long past, RotaryTables rotary, DType dtype, Device device)
    {
        var tokens = new List<Token>();
        foreach (var text in texts)
        {
            var begin = past + tokens.Count;
            for (var i = 0; i < text.Length; i++)
                tokens.Add(new(past + i, begin, begin + text.Length, begin + text.Length));
            foreach (var branch in text.Branches)
            {
                var own = past + tokens.Count;
                for (var i = 0; i < branch; i++)
                    tokens.Add(new(past + text.Length + i, begin, begin + text.Length, own));
            }
        }
        return new([.. tokens], past, rotary, dtype, device);
    }

    /// <summary>The first position that each token sees through a window, [1, T].</summary>
    /// <param name="window">Keys that it sees, its own included, or null for all.</param>
    public Tensor BeginsOf(int? window)
    {
        var found = _begins.Find(begins => begins.Window == window).Begins;
        if (found is null)
        {
            using var scope = TensorScope.Begin();
            found = Tensor.From<long>([.. _tokens.Select(token => token.First(_past, window))], 1, _tokens.Length).On(_device).Unscoped();
            _begins.Add((window, found));
        }
        return found;
    }

    public void Dispose()
    {
        Tables.Dispose();
        Holes?.Dispose();
        Masks?.Dispose();
        _begins.ForEach(begins => begins.Begins.Dispose());
    }

    // A token: its place in what it reads, where its text lies among the positions, and where its own way to go on begins (of a token of
    // the text itself that is the text's end, which is after it).
    private readonly record struct Token(long Place, long TextBegin, long TextEnd, long OwnBegin)
    {
        private long Length => TextEnd - TextBegin;

        public bool IsOfText(long past) => Place - past < Length;

        public long Position(long past) => IsOfText(past) ? TextBegin + Place - past : OwnBegin + Place - past - Length;

        // Other texts, and other ways between the text and this one.
        public long[] Holes(long past) => IsOfText(past) ? [past, TextBegin, TextBegin, TextBegin] : [past, TextBegin, TextEnd, OwnBegin];

        // Where the place lies that is as far back as the window reaches.
        public long First(long past, int? window)
        {
            var place = window is { } keys ? Math.Max(0, Place - keys + 1) : 0;
            return place < past ? place
                : place - past < Length ? TextBegin + place - past
                : OwnBegin + place - past - Length;
        }
    }

    private sealed class BranchedMasks(BranchedLayout layout, DType dtype) : AttentionMasks
    {
        private readonly List<(int? Window, Tensor Mask)> _masks = [];

        public override Tensor For(int? window, long T, long S)
        {
            var found = _masks.Find(mask => mask.Window == window).Mask;
            if (found is null)
            {
                using var noGrad = GradMode.Disable();
                using var scope = TensorScope.Begin();
                found = Tensor.From<float>(ValuesOf(window, S), T, S).To(dtype).On(layout._device).Unscoped();
                _masks.Add((window, found));
            }
            return found;
        }

        public override void Dispose() => _masks.ForEach(mask => mask.Mask.Dispose());

        private float[] ValuesOf(int? window, long S)
        {
            var mask = new float[layout._tokens.Length * S];
            mask.AsSpan().Fill(float.NegativeInfinity);
            foreach (var (t, token) in layout._tokens.Index())
            {
                var (first, last, holes) = (token.First(layout._past, window), token.Position(layout._past), token.Holes(layout._past));
                foreach (var (from, to) in ((long, long)[])[(0, holes[0]), (holes[1], holes[2]), (holes[3], last + 1)])
                    if (Math.Max(from, first) is var begin && begin < to)
                        mask.AsSpan((int)(t * S + begin), (int)(to - begin)).Clear();
            }
            return mask;
        }
    }
}
