using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>Conversations in, windows out. The same data gives the same bytes.</summary>
internal static class ConversationCorpus
{
    /// <summary>Writes <c>train/</c> and, where something is held out, <c>held-out/</c> into a folder.</summary>
    /// <param name="output">The folder; created.</param>
    /// <param name="stop">Stops between conversations, and leaves no half store.</param>
    /// <exception cref="EspalierException">No conversation, or all of them on one side of the split.</exception>
    public static (AlignmentSide Train, AlignmentSide? HeldOut) Build(AlignmentCorpusOptions options, string output, CancellationToken stop)
    {
        var length = options.Sequence + 1;
        using var train = Writer(Corpus.TrainFolder);
        using var heldOut = options.HeldOut.Share > 0 ? Writer(Corpus.HeldOutFolder) : null;
        var (toTrain, toHeldOut) = (PackerOf(train), heldOut is null ? null : PackerOf(heldOut));
        var (parser, skips, counts) = (new RecordParser(options.Skips), options.Skips, (Train: 0L, HeldOut: 0L));
        foreach (var record in options.Records(stop))
        {
            if (parser.Conversation(record) is not { } conversation
                || options.Encoder.Encode(conversation, record.Origin, skips) is not { } encoded
                || LongConversations.Fit(encoded, length, options.TooLong, record.Origin, skips) is not { } fitting)
                continue;
            if (toHeldOut is not null && options.HeldOut.IsHeldOut(encoded.Text))
            {
                toHeldOut.Add(fitting);
                counts.HeldOut++;
            }
            else
            {
                toTrain.Add(fitting);
                counts.Train++;
            }
        }
        options.Require("conversations", counts.Train, heldOut is null ? null : counts.HeldOut);
        toTrain.Finish();
        toHeldOut?.Finish();
        train.Finish();
        heldOut?.Finish();
        return (AlignmentSide.Of(train), heldOut is null ? null : AlignmentSide.Of(heldOut));

        WindowStoreWriter Writer(string folder) => new(Path.Combine(output, folder), options.Tokens, length, options.Source.Description);

        WindowPacker<EncodedConversation> PackerOf(WindowStoreWriter writer) =>
            new(length, static conversation => conversation.Ids.Length, writer.Add);
    }
}
