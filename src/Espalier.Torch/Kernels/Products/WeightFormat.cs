namespace Espalier.Torch;

/// <summary>How weights lie in memory for generation. What they are multiplied with stays float32.</summary>
internal enum WeightFormat
{
    /// <summary>Four bytes a weight.</summary>
    Float32,

    /// <summary>Two bytes: the upper half of a float32. Exact for weights that were stored so.</summary>
    BFloat16,

    /// <summary>A whole number from −127 to 127, and a scale for each 32 neighbours of a row: 1.125 bytes.</summary>
    Int8,
}
