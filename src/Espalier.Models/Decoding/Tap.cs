namespace Espalier.Models;

/// <summary>
/// Reads a value as it passes. The tensor belongs to the decoder: whoever wants it longer than the call clones it. A tap is null where
/// nobody listens, and then costs nothing.
/// </summary>
public delegate void Tap(TapPoint point, int layer, Tensor value);
