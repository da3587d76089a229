namespace Espalier.Compression.Data;

/// <summary>The held-out share of a text leaves one side without a document.</summary>
internal sealed class OneSidedSplitException(string message) : EspalierException(message)
{
    /// <summary>No document is held out.</summary>
    public static OneSidedSplitException NothingHeldOut(double share, long documents, string source) =>
        new($"held-out {Words(share)} of {documents} documents in {source} rounds to none; give a larger share or more text");

    /// <summary>No document is left to train on.</summary>
    public static OneSidedSplitException AllHeldOut(double share, long documents, string source) =>
        new($"held-out {Words(share)} takes all {documents} documents in {source}; give a smaller share or more text");

    private static string Words(double share) => share.ToString("P1", CultureInfo.InvariantCulture);
}
