namespace Espalier.Compression.Data.Records;

/// <summary>One reason why a document is not kept.</summary>
/// <param name="Reason">What it is counted as.</param>
/// <param name="Drops">
/// Whether a document's text is dropped. Called by one thread, in the order of the documents, for those alone that no filter before has
/// dropped: what remembers earlier texts may rely on that.
/// </param>
internal sealed record DocumentFilter(SkipReason Reason, Func<string, bool> Drops);
