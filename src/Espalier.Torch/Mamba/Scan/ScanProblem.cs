namespace Espalier.Torch.Mamba.Scan;

/// <summary>
/// What a selective scan is given: x [M, P], B [G, S] and C [G, S] of each token, its steps and decays [M], and a state to begin with or
/// none.
/// </summary>
internal unsafe struct ScanProblem
{
    /// <summary>Heads of a task at most: they share the products of C and B.</summary>
    public const long MostHeads = 4;

    /// <summary>Tokens of a chunk, of which what is among them goes by products without the state between.</summary>
    public const long Chunk = 64;

    public RowView Input, In, Out;

    /// <summary>dt and exp(A dt) of each token and head, [B, T, M]; a decay of 0 where a document begins.</summary>
    public float* Steps, Decays;

    /// <summary>D, [M].</summary>
    public float* Skip;

    /// <summary>[B, M, S, P], read and written; null where a scan begins with nothing and nobody goes on.</summary>
    public float* State;

    /// <summary>[B, T, M, P].</summary>
    public float* Output;

    // Backward: gradient of the output, [B, T, M, P]; gradients of x, [B, T, M, P], and of B and C, [B, T, G, S], the latter of each block
    // of heads of a group; of the steps, [B, T, M]; and of each sample and head those of A and D.
    public float* Slope, ToInput, ToIn, ToOut, ToSteps;
    public double* Sums;

    /// <summary>A, [M].</summary>
    public float* Rates;

    public long B, T, M, P, G, S;

    public readonly long Group => M / G;

    /// <summary>Blocks of heads of a group, each of which is a task.</summary>
    public readonly long Blocks => (Group + MostHeads - 1) / MostHeads;

    public readonly long Tasks => B * G * Blocks;

    public readonly long Chunks => (T + Chunk - 1) / Chunk;

    public readonly float* X(long b, long t, long m) => Input.At(b, t) + m * P;

    public readonly float* InOf(long b, long t, long g) => In.At(b, t) + g * S;

    public readonly float* OutOf(long b, long t, long g) => Out.At(b, t) + g * S;

    /// <summary>Of tensors [B, T, M, P] in order: the row's offset.</summary>
    public readonly long Row(long b, long t, long m) => ((b * T + t) * M + m) * P;

    /// <summary>Of what a block of heads gives to B or C, [blocks, B, T, G, S]: the row's offset.</summary>
    public readonly long Shared(long block, long b, long t, long g) => (((block * B + b) * T + t) * G + g) * S;
}
