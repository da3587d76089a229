using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>Prompts in, token stores out.</summary>
internal static class PromptCorpus
{
    /// <summary>Writes <c>train/</c> and, where something is held out, <c>held-out/</c> into a folder.</summary>
    /// <param name="room">Tokens of a window that answers may take: a prompt that leaves less is left out.</param>
    /// <param name="output">The folder; created.</param>
    /// <param name="stop">Stops between prompts, and leaves no half store.</param>
    /// <exception cref="EspalierException">No prompt, or all of them on one side of the split.</exception>
    public static (AlignmentSide Train, AlignmentSide? HeldOut) Build(
        AlignmentCorpusOptions options, int room, string output, CancellationToken stop)
    {
        using var train = new TokenStoreWriter(Path.Combine(output, Corpus.TrainFolder), options.Tokens, options.Source.Description);
        using var heldOut = options.HeldOut.Share > 0
            ? new TokenStoreWriter(Path.Combine(output, Corpus.HeldOutFolder), options.Tokens, options.Source.Description) : null;
        var (parser, most) = (new RecordParser(options.Skips), options.Sequence + 1 - room);
        foreach (var record in options.Records(stop))
        {
            if (parser.Prompt(record) is not { } prompt || options.Encoder.Prompt(prompt, record.Origin, options.Skips) is not { } ids)
                continue;
            if (ids.Length > most)
            {
                options.Skips.Add(SkipReason.TooLong,
                    () => $"{record.Origin} has a prompt of {ids.Length} tokens, but a window of {options.Sequence} "
                    + $"with room for an answer of {room} holds {most}: use a longer sequence or shorter rollouts");
                continue;
            }
            var asked = string.Join('\n', prompt.Messages.Select(static message => message.Fields.ToJsonString()));
            (heldOut is not null && options.HeldOut.IsHeldOut(asked) ? heldOut : train)
                .Append(ids, System.Text.Encoding.UTF8.GetByteCount(asked));
        }
        options.Require("prompts", train.Documents, heldOut?.Documents);
        return (Of(train.Finish()), heldOut is null ? null : Of(heldOut.Finish()));
    }

    // A prompt is a window of its own once it is answered; nothing of it counts.
    private static AlignmentSide Of(TokenStoreIndex written) => new(written.Documents, written.Documents, written.Count, 0);
}
