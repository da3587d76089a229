namespace Espalier.Compression.Data;

/// <summary>The held-out share of a text leaves one side without a document.</summary>
internal sealed class OneSidedSplitException(string message) : EspalierException(message);
