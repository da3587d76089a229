using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

// Shapes: T tokens, E experts, K experts of a token, R = T · K rows.

/// <summary>
/// Where the tokens of a batch lie when they are sorted by the experts that they go to: a row for each expert of each token, the first
/// expert's first, and of one expert the tokens in order. Its tensors belong to the scope that it was made in.
/// </summary>
internal sealed class ExpertRows
{
    private ExpertRows(long[] ends, Tensor slotOfRow_R, Tensor rowOfSlot_R, Tensor tokenOfRow_R, long perToken) =>
        (Ends, SlotOfRow, RowOfSlot, TokenOfRow, PerToken) = (ends, slotOfRow_R, rowOfSlot_R, tokenOfRow_R, perToken);

    /// <summary>Of each expert the row after its last one.</summary>
    public IReadOnlyList<long> Ends { get; }

    /// <summary>Experts of a token: K.</summary>
    public long PerToken { get; }

    /// <summary>Of each row the place in [T, K] that it comes from, [R].</summary>
    public Tensor SlotOfRow { get; }

    /// <summary>Of each place in [T, K] its row, [R].</summary>
    public Tensor RowOfSlot { get; }

    /// <summary>Of each row its token, [R].</summary>
    public Tensor TokenOfRow { get; }

    public long FirstOf(int expert) => expert == 0 ? 0 : Ends[expert - 1];

    /// <summary>Sorts.</summary>
    /// <param name="choice">The experts of each token, [T, K], from 0.</param>
    /// <param name="perToken">K.</param>
    /// <param name="experts">E.</param>
    /// <param name="device">Where the rows will lie.</param>
    public static ExpertRows Of(ReadOnlySpan<int> choice, int perToken, int experts, Device device)
    {
        var ends = new long[experts];
        foreach (var expert in choice)
            ends[expert]++;
        for (var expert = 1; expert < experts; expert++)
            ends[expert] += ends[expert - 1];
        var (slots, rows, tokens) = (new long[choice.Length], new long[choice.Length], new long[choice.Length]);
        var next = new long[experts];
        ends.AsSpan(0, experts - 1).CopyTo(next.AsSpan(1));
        for (var slot = 0; slot < choice.Length; slot++)
        {
            var row = next[choice[slot]]++;
            (slots[row], rows[slot], tokens[row]) = (slot, row, slot / perToken);
        }
        Tensor There(long[] values) => Tensor.From<long>(values, values.Length).On(device);
        return new(ends, There(slots), There(rows), There(tokens), perToken);
    }
}
