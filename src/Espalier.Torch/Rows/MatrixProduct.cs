namespace Espalier.Torch;

/// <summary>One matrix of a product of rows, or of positions in panels.</summary>
/// <typeparam name="T">Where results lie.</typeparam>
/// <param name="Weight">[N, K].</param>
/// <param name="Bias">[N] in one row, or null.</param>
/// <param name="To">Where the results go, N for each row or position; null of what a unit of panels takes up.</param>
internal readonly record struct MatrixProduct<T>(PackedMatrix Weight, RowBuffer? Bias, T? To) where T : class;
