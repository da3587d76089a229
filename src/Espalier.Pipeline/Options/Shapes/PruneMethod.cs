using Espalier.Compression.Pruning.Masks;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>How the student's weights come about.</summary>
internal enum PruneMethod
{
    /// <summary>The units of highest importance, sliced from the teacher.</summary>
    Importance,

    /// <summary>Random units of the same shape, sliced from the teacher: a control.</summary>
    Random,

    /// <summary>Random weights of the same shape: a control.</summary>
    RandomInit,

    /// <summary>The smallest weights become zero, the shape stays: shows what structure costs.</summary>
    Magnitude,

    /// <summary>
    /// The weights with the smallest product with their inputs' norm become zero, the shape stays (<see cref="WandaMask"/>).
    /// </summary>
    Wanda,
}
