using Espalier.Compression.Synthesis;

namespace Espalier.Compression.Tests.Synthesis;

/// <summary>Where most of what was written is dropped, the commonest reason is named with the way out.</summary>
public sealed class DroppedTextsTests
{
    [Fact]
    public void Half_is_no_reason_for_advice_and_more_is()
    {
        Assert.Null(DroppedTexts.Advice(10, 5, new Dictionary<string, int> { ["short"] = 5 }));
        Assert.Equal("89 % of the texts are dropped, 80 of 100 as unfinished: they are longer than max-tokens: raise it, or keep cut texts "
            + "with keep-unfinished",
            DroppedTexts.Advice(100, 11, new Dictionary<string, int> { ["short"] = 9, ["unfinished"] = 80 }));
    }

    [Fact]
    public void Every_reason_has_a_way_out() => Assert.All(TextFilters.Reasons, reason =>
        Assert.StartsWith($"100 % of the texts are dropped, 3 of 3 as {reason}: ",
            DroppedTexts.Advice(3, 0, new Dictionary<string, int> { [reason] = 3 }), StringComparison.Ordinal));
}
