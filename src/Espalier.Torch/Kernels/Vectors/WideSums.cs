using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>
/// Sums of vectors of floats, kept in float64 lane by lane: where terms of hundreds cancel, float32 would keep no fifth decimal.
/// </summary>
internal readonly unsafe struct WideSums
{
    /// <summary>Most lanes of a vector.</summary>
    public const int Lanes = 16;

    private readonly double* _lanes;

    /// <summary>Begins sums at 0 in memory of <see cref="Lanes"/> doubles.</summary>
    public WideSums(double* memory)
    {
        _lanes = memory;
        new Span<double>(memory, Lanes).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TV>(TV x) where TV : unmanaged, IFloats<TV> => x.AddTo(_lanes);

    /// <summary>The sum over the lanes.</summary>
    public double Total()
    {
        var total = 0.0;
        for (var i = 0; i < Lanes; i++)
            total += _lanes[i];
        return total;
    }
}
