namespace Espalier.Torch.Operators;

/// <summary>Writes a piece of a tensor's values.</summary>
/// <param name="first">Index of the first one, in the order of the shape.</param>
/// <param name="values">The span to fill.</param>
public delegate void WriteValues<T>(long first, Span<T> values) where T : unmanaged;
