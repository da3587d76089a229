namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// C = A B, or a sum that begins with something else, of matrices that lie anyhow: what <see cref="ProductKernel"/> is to do.
/// </summary>
internal unsafe struct ProductJob
{
    /// <summary>A [rows, depth]; the elements from row to row and from entry to entry, one of which is 1.</summary>
    public float* A;
    public long ARow, ADepth;

    /// <summary>B [depth, columns]; of the steps one is 1.</summary>
    public float* B;
    public long BDepth, BColumn;

    /// <summary>C [rows, columns], whose columns lie side by side.</summary>
    public float* C;
    public long CRow;

    /// <summary>What the sums begin with, [rows, columns], or null: C itself, or a bias with a step of 0.</summary>
    public float* Begin;
    public long BeginRow;

    public long Rows, Columns, Depth;
}
