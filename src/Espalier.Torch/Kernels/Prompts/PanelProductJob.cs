namespace Espalier.Torch.Kernels.Prompts;

/// <summary>
/// Panels of positions x [panels][K][32] and up to three matrices that they are multiplied by, each with a result of its own.
/// </summary>
internal unsafe struct PanelProductJob
{
    /// <summary>Matrices at most: queries, keys and values.</summary>
    public const int Most = 3;

    /// <summary>What is done to two products of one size.</summary>
    public enum Unit
    {
        /// <summary>Nothing: each product is a result.</summary>
        None,

        /// <summary>silu(A's) · B's, into A's result; B has none.</summary>
        Silu,

        /// <summary>gelu(A's) · B's, the same.</summary>
        Gelu,
    }

    public float* X;
    public long Panels, K;

    /// <summary>How the weights of all lie.</summary>
    public WeightFormat Format;

    /// <summary>Whether results are added to what is there; not of units.</summary>
    public bool Adds;

    public Unit Units;
    public Part A, B, C;

    /// <summary>Tasks of one group of panels.</summary>
    public readonly long Chunks => A.Chunks + (Units == Unit.None ? B.Chunks + C.Chunks : 0);

    /// <summary>One matrix [N, K], its bias or null, and where its results go, [panels][N][32].</summary>
    public struct Part
    {
        public byte* Weights;
        public float* Scales, Bias, Y;
        public long N;

        /// <summary>Groups of outputs.</summary>
        public readonly long Chunks => (N + PanelProductKernel.Outputs - 1) / PanelProductKernel.Outputs;
    }
}
