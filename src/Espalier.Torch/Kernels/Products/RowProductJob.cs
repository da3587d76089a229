namespace Espalier.Torch.Kernels.Products;

/// <summary>A few rows x [rows, K] and up to three matrices that they are multiplied by, each with a result of its own.</summary>
internal unsafe struct RowProductJob
{
    /// <summary>Matrices at most: queries, keys and values.</summary>
    public const int Most = 3;

    public float* X;
    public long Rows, K, XStep;

    /// <summary>Whether results are added to what is there.</summary>
    public bool Adds;

    public Part A, B, C;

    /// <summary>Tiles of all matrices.</summary>
    public readonly long Tiles => A.Tiles + B.Tiles + C.Tiles;

    /// <summary>One matrix [N, K], its bias or null, and where its results go.</summary>
    public struct Part
    {
        public byte* Weights;
        public float* Scales, Bias, Y;
        public long N, YStep;

        /// <summary>Groups of outputs.</summary>
        public readonly long Tiles => (N + RowProductKernel.Outputs - 1) / RowProductKernel.Outputs;
    }
}
