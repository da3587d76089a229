using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;

namespace Espalier.Compression.Distillation;

// Shapes: N positions of a batch, M of them that count.

/// <summary>
/// The positions of a batch that count in the loss. Heads and losses see their rows alone: what does not count costs no products of the
/// head, and no gradient comes from it. Where all count nothing is gathered. Owned by the scope in which it was made.
/// </summary>
internal readonly struct CountedPositions
{
    private readonly long _positions;
    private readonly Tensor? _index_M;

    private CountedPositions(long positions, Tensor? index_M) => (_positions, _index_M) = (positions, index_M);

    public static CountedPositions Of(Batch batch, Device device)
    {
        var counted = batch.CountedTokens;
        if (counted == batch.Tokens)
            return new(batch.Tokens, null);
        var index = new long[counted];
        for (int position = 0, next = 0; next < index.Length; position++)
            if (batch.LossMask![position])
                index[next++] = position;
        return new(batch.Tokens, Tensor.From<long>(index, counted).On(device));
    }

    /// <summary>The rows that count, [M, …] of [N, …]; the same tensor where all do. Gradient flows.</summary>
    public Tensor Rows(Tensor all_N) => _index_M is null ? all_N : all_N.IndexSelect(0, _index_M);

    /// <summary>What is known of the teacher there.</summary>
    public TeacherDistributions? Rows(TeacherDistributions? all) => _index_M is null ? all : all?.Rows(_index_M);

    /// <summary>Rows that count put back between zeros, [N, D] of [M, D]; the same tensor where all count.</summary>
    public Tensor Spread(Tensor counted_MD)
    {
        if (_index_M is null)
            return counted_MD;
        var all_ND = Tensor.Zeros(counted_MD.DType, counted_MD.Device, _positions, counted_MD.Size(1));
        all_ND.IndexAddInPlace(0, _index_M, counted_MD);
        return all_ND;
    }
}
