namespace Espalier.Compression.Data.Records;

/// <summary>How often each <see cref="SkipReason"/> occurred. Written by one thread.</summary>
internal sealed class SkipCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<SkipReason>().Length];
    private readonly SortedDictionary<SkipReason, string> _examples = [];

    /// <summary>Whether text was lost that was meant to be read: all but repetitions, empty documents and what was mended.</summary>
    public bool LostText => LostTextReasons.Any(reason => this[reason] > 0);

    /// <summary>Whether text is read otherwise than it stands in its files: invalid UTF-8, and NULs.</summary>
    public bool RepairedText => this[SkipReason.RepairedUtf8] > 0 || this[SkipReason.RemovedNul] > 0;

    /// <summary>How often the reason occurred.</summary>
    public long this[SkipReason reason] => _counts[(int)reason];

    /// <summary>Reasons that drop nothing: what was repaired or cut.</summary>
    internal static IReadOnlyList<SkipReason> Kept { get; } =
        [SkipReason.CutToWindow, SkipReason.RepairedUtf8, SkipReason.RemovedNul, SkipReason.DoubledBos];

    private static IEnumerable<SkipReason> LostTextReasons =>
    [
        SkipReason.LongLine, SkipReason.MalformedJson, SkipReason.MalformedRow, SkipReason.MissingField, SkipReason.TruncatedFile,
        SkipReason.UnsupportedEncoding, SkipReason.BinaryFile, SkipReason.MalformedConversation, SkipReason.NoAnswer,
        SkipReason.MissingReward, SkipReason.RefusedByTemplate, SkipReason.TooLong, SkipReason.CutToWindow,
    ];

    /// <summary>Counts one more.</summary>
    public void Add(SkipReason reason, long times = 1) => _counts[(int)reason] += times;

    /// <summary>Counts one more, and keeps the first of its kind for <see cref="Describe"/>.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="example">Where it was and what was looked for; called once at most.</param>
    internal void Add(SkipReason reason, Func<string>? example)
    {
        Add(reason);
        if (example is not null && !_examples.ContainsKey(reason))
            _examples.Add(reason, example());
    }

    /// <summary>The reasons that occurred, by their kebab-case names, in the order of the enumeration.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary()
    {
        var named = new OrderedDictionary<string, long>();
        foreach (var reason in Enum.GetValues<SkipReason>())
            if (this[reason] > 0)
                named[DataJson.Kebab(reason.ToString())] = this[reason];
        return named;
    }

    /// <summary>What is to be said of documents that bring their own BOS; null where there are none.</summary>
    public static string? DoubledBosWarning(long documents) => documents == 0 ? null
        : $"{documents} {(documents == 1 ? "document begins" : "documents begin")} with the tokenizer's own BOS, and another one is added "
            + "before it, as in transformers: remove it from the text if only one is meant";

    /// <summary>Such as <c>3 malformed-json, 1 empty-document</c>; empty where nothing was. BOS twice has a sentence of its own.</summary>
    public override string ToString() => string.Join(
        ", ", ToDictionary().Where(pair => pair.Key != DataJson.Kebab(nameof(SkipReason.DoubledBos)))
            .Select(pair => $"{pair.Value} {pair.Key}"));

    /// <summary>
    /// The counts, and the first place of each reason that has one: <c>3 malformed-json; a.jsonl:7 is no JSON object</c>.
    /// </summary>
    public string Describe() => string.Join("; ", [ToString(), .. _examples.Values]);
}
