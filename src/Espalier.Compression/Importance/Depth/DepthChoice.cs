namespace Espalier.Compression.Importance.Depth;

/// <summary>Which layers a depth cut takes.</summary>
internal enum DepthChoice
{
    /// <summary>The contiguous span with the least block influence (paper 2: better after retraining).</summary>
    Contiguous,

    /// <summary>The single layers with the least block influence, wherever they are.</summary>
    Scattered,

    /// <summary>
    /// One layer after the other, each time the one whose removal does the least harm to what is left; needs a depth scan.
    /// </summary>
    Greedy,
}
