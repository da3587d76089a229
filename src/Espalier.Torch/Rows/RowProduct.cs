namespace Espalier.Torch;

/// <summary>One matrix of a product of rows.</summary>
/// <param name="Weight">[N, K].</param>
/// <param name="Bias">[N] in one row, or null.</param>
/// <param name="To">Where the results go, rows of N.</param>
internal readonly record struct RowProduct(PackedMatrix Weight, RowBuffer? Bias, RowBuffer To);
