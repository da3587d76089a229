namespace Espalier.Compression.Synthesis;

/// <summary>
/// One reason why a text is not kept. Filters are asked in their order, and a text is counted by the first that drops it.
/// </summary>
/// <param name="Reason">The reason's name, in kebab-case: <c>near-duplicate</c>.</param>
/// <param name="Drops">
/// Whether a text is dropped. Called in the order of the texts, for those alone that no filter before has dropped: what remembers earlier
/// texts may rely on that.
/// </param>
internal sealed record TextFilter(string Reason, Func<WrittenAfter, bool> Drops);
