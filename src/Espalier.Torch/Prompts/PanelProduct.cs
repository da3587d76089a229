namespace Espalier.Torch;

/// <summary>One matrix of a product of panels.</summary>
/// <param name="Weight">[N, K].</param>
/// <param name="Bias">[N] in one row, or null.</param>
/// <param name="To">Where the results go, N channels; null of what a unit takes up.</param>
internal readonly record struct PanelProduct(PackedMatrix Weight, RowBuffer? Bias, PanelBuffer? To);
