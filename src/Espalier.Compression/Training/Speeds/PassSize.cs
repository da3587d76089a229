namespace Espalier.Compression.Training.Speeds;

/// <summary>
/// How many windows go forward and back together where nobody said it. Activations of a pass are most of what a small model's step needs,
/// and from some positions on products are no quicker for having more: that bounds the memory of a step, whatever its batch, at no price
/// in time. It follows from batch, window and the type of products alone, never from the machine or its threads, so that a training that
/// goes on elsewhere takes the passes that it took before.
/// </summary>
internal static class PassSize
{
    /// <summary>Positions of a pass, at most, unless one window has more.</summary>
    public const int Positions = 512;

    /// <summary>The same of products in bfloat16, which turn and pack both sides at each call.</summary>
    public const int NarrowPositions = 2048;

    /// <summary>Windows of a pass; 0 where it is the whole batch.</summary>
    /// <param name="batch">Windows of a step.</param>
    /// <param name="sequence">Positions of a window.</param>
    /// <param name="compute">What products are computed in.</param>
    /// <returns>
    /// As many as come to <see cref="Positions"/> at most, and one at least, in as few passes as that allows, all alike but the last, which
    /// may have fewer.
    /// </returns>
    public static int Of(int batch, int sequence, ComputeType compute)
    {
        var most = Math.Max(1, (compute == ComputeType.Bfloat16 ? NarrowPositions : Positions) / sequence);
        var passes = (batch + most - 1) / most;
        return passes == 1 ? 0 : (batch + passes - 1) / passes;
    }
}
