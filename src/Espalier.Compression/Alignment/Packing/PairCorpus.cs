using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>Pairs in, windows out: both answers of a pair stand in one window, each with the question before it.</summary>
internal static class PairCorpus
{
    /// <summary>Writes <c>train/</c> and, where something is held out, <c>held-out/</c> into a folder.</summary>
    /// <param name="needsRewards">Whether pairs without rewards are left out.</param>
    /// <param name="output">The folder; created.</param>
    /// <param name="stop">Stops between pairs, and leaves no half store.</param>
    /// <exception cref="EspalierException">No pair, or all of them on one side of the split.</exception>
    public static (AlignmentSide Train, AlignmentSide? HeldOut) Build(
        AlignmentCorpusOptions options, bool needsRewards, string output, CancellationToken stop)
    {
        var length = options.Sequence + 1;
        using var train = new Side(options, Path.Combine(output, Corpus.TrainFolder), length);
        using var heldOut = options.HeldOut.Share > 0 ? new Side(options, Path.Combine(output, Corpus.HeldOutFolder), length) : null;
        var parser = new RecordParser(options.Skips);
        foreach (var record in options.Records(stop))
        {
            if (parser.Pair(record) is not { } pair)
                continue;
            if (needsRewards && (pair.ChosenReward is null || pair.RejectedReward is null))
                options.Skips.Add(SkipReason.MissingReward, () => $"{record.Origin} has no chosen_reward and rejected_reward");
            else if (Encoded(options, pair, record.Origin, length) is { } encoded)
                (heldOut is not null && options.HeldOut.IsHeldOut(Question(pair)) ? heldOut : train).Add(encoded);
        }
        options.Require("pairs", train.Count, heldOut?.Count);
        return (train.Finish(), heldOut?.Finish());
    }

    private static EncodedPair? Encoded(AlignmentCorpusOptions options, PreferencePair pair, string origin, int length)
    {
        var skips = options.Skips;
        if (options.Encoder.Encode(pair.Chosen, origin, skips) is not { } chosen
            || options.Encoder.Encode(pair.Rejected, origin, skips) is not { } rejected)
            return null;
        var total = chosen.Ids.Length + rejected.Ids.Length;
        if (total > length && options.TooLong == TooLong.Drop)
        {
            skips.Add(SkipReason.TooLong,
                () => $"{origin} has two answers of {total} tokens with their questions, but a window holds {length}: "
                + "use a longer sequence, or shorten them");
            return null;
        }
        // Each has half of the window, unless the other one needs less.
        var most = Math.Max(length / 2, length - Math.Min(chosen.Ids.Length, rejected.Ids.Length));
        if (total > length && (chosen.Ids.Length > length / 2) && (rejected.Ids.Length > length / 2))
            most = length / 2;
        if (LongConversations.Fit(chosen, most, options.TooLong, origin, skips) is not { } first
            || LongConversations.Fit(rejected, most, options.TooLong, origin, skips) is not { } second)
            return null;
        var reward = pair is { ChosenReward: { } better, RejectedReward: { } worse } ? better - worse : 0;
        return new(first, second, reward);
    }

    /// <summary>What both are asked: pairs with one question fall on one side of the split.</summary>
    private static string Question(PreferencePair pair) =>
        string.Join('\n', pair.Chosen.Messages.Take(pair.Chosen.Asked).Select(static message => message.Fields.ToJsonString()));

    private sealed record EncodedPair(EncodedConversation Chosen, EncodedConversation Rejected, double Reward)
    {
        public int Length => Chosen.Ids.Length + Rejected.Ids.Length;
    }

    private sealed class Side : IDisposable
    {
        private readonly string _folder;
        private readonly WindowStoreWriter _writer;
        private readonly WindowPacker<EncodedPair> _packer;
        private readonly List<PlacedPair> _pairs = [];

        public Side(AlignmentCorpusOptions options, string folder, int length)
        {
            _folder = folder;
            _writer = new(folder, options.Tokens, length, options.Source.Description);
            _packer = new(length, static pair => pair.Length, Close);
        }

        public long Count { get; private set; }

        public void Add(EncodedPair pair)
        {
            _packer.Add(pair);
            Count++;
        }

        public AlignmentSide Finish()
        {
            _packer.Finish();
            PairStore.Write(_folder, _pairs);
            _writer.Finish();
            return AlignmentSide.Of(_writer) with { Conversations = Count };
        }

        public void Dispose() => _writer.Dispose();

        private void Close(IReadOnlyList<EncodedPair> pairs)
        {
            var at = 0;
            foreach (var pair in pairs)
                _pairs.Add(new(_writer.Windows, Next(pair.Chosen), Next(pair.Rejected), pair.Reward));
            _writer.Add(pairs.SelectMany(static pair => new[] { pair.Chosen, pair.Rejected }));

            (int, int) Next(EncodedConversation conversation) => (at, at += conversation.Ids.Length);
        }
    }
}
