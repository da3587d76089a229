namespace Espalier.Compression.Search;

/// <summary>What candidates are ordered by before any is trained.</summary>
public enum SearchProxy
{
    /// <summary>The share of importance that is kept (<see cref="KeptImportance"/>): costs nothing.</summary>
    Importance,

    /// <summary>Held-out loss right after pruning, for four times as many candidates as are trained, preselected by importance.</summary>
    PrunedLoss,
}
