using Espalier.Torch.Mamba;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

/// <summary>
/// What a gated delta rule is given: queries and keys [G, S] and values [M, P] of each token, its strengths and decays [M], and a
/// state to begin with or none.
/// </summary>
internal unsafe struct DeltaProblem
{
    /// <summary>Heads of a task at most: they share the products of keys and queries.</summary>
    public const long MostHeads = 4;

    public RowView Queries, Keys, Values, Strengths;

    /// <summary>dt and exp(A dt) of each token and head, [B, T, M]; a decay of 0 where a document begins.</summary>
    public float* Steps, Decays;

    /// <summary>[B, M, S, P], read and written; null where a text begins with nothing and nobody goes on.</summary>
    public float* State;

    /// <summary>[B, T, M, P].</summary>
    public float* Output;

    // Backward: gradient of the output, [B, T, M, P]; gradients of queries and keys, [B, T, G, S], of each block of heads of a group; of
    // the values, [B, T, M, P]; of the strengths and the steps, [B, T, M]; and of each sample and head that of A.
    public float* Slope, ToQueries, ToKeys, ToValues, ToStrengths, ToSteps;
    public double* Sums;

    /// <summary>A, [M].</summary>
    public float* Rates;

    public long B, T, M, P, G, S;

    public readonly long Group => M / G;

    public readonly long Heads => Math.Min(MostHeads, Group);

    /// <summary>Blocks of heads of a group, each of which is a task.</summary>
    public readonly long Blocks => (Group + MostHeads - 1) / MostHeads;

    public readonly long Tasks => B * G * Blocks;

    public readonly long Chunks => (T + ScanProblem.Chunk - 1) / ScanProblem.Chunk;

    /// <summary>How long a query is made.</summary>
    public readonly float Scale => (float)(1 / Math.Sqrt(S));

    public readonly float* Query(long b, long t, long g) => Queries.At(b, t) + g * S;

    public readonly float* Key(long b, long t, long g) => Keys.At(b, t) + g * S;

    public readonly float* Value(long b, long t, long m) => Values.At(b, t) + m * P;

    /// <summary>Of tensors [B, T, M, P] in order: the row's offset.</summary>
    public readonly long Row(long b, long t, long m) => ((b * T + t) * M + m) * P;

    /// <summary>Of what a block of heads gives to queries or keys, [blocks, B, T, G, S]: the row's offset.</summary>
    public readonly long Shared(long block, long b, long t, long g) => (((block * B + b) * T + t) * G + g) * S;
}
