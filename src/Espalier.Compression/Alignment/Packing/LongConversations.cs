using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>What becomes of a conversation with more tokens than a window holds.</summary>
internal enum TooLong
{
    /// <summary>It is left out, and counted: an answer without its end teaches not to end.</summary>
    Drop,

    /// <summary>Its end is cut off, and it is counted; left out where no answer is left of it.</summary>
    Cut,
}

/// <summary>Fits conversations into windows.</summary>
internal static class LongConversations
{
    /// <summary>The conversation, cut where that is asked for; null where it was left out.</summary>
    public static EncodedConversation? Fit(EncodedConversation conversation, int most, TooLong way, string origin, SkipCounts skips)
    {
        var length = conversation.Ids.Length;
        if (length <= most)
            return conversation;
        if (way == TooLong.Drop)
        {
            skips.Add(SkipReason.TooLong,
                () => $"{origin} has {length} tokens, but a window holds {most}: use a longer sequence, or shorten it");
            return null;
        }
        var cut = conversation with { Ids = conversation.Ids[..most], Counts = conversation.Counts[..most] };
        if (cut.Counted == 0)
        {
            skips.Add(SkipReason.NoAnswer, () => $"{origin} has {length} tokens, but no answer in the first {most}, which is all that a "
                + "window holds");
            return null;
        }
        skips.Add(SkipReason.CutToWindow, () => $"{origin} has {length} tokens, but a window holds {most}");
        return cut;
    }
}
