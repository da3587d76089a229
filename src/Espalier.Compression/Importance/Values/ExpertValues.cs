namespace Espalier.Compression.Importance.Values;

/// <summary>What the importance of an expert is read from; both are zero at a token that does not go to it.</summary>
internal enum ExpertValues
{
    /// <summary>The L2 norm of what it adds to the stream: its output times the weight that the router gives it.</summary>
    Output,

    /// <summary>That weight alone: the mass that the router gives it.</summary>
    Mass,
}
