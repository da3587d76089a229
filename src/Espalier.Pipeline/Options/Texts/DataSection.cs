using Espalier.Compression.Data.Tokens;

namespace Espalier.Pipeline.Options.Texts;

/// <summary>Texts and how they are cut.</summary>
internal sealed record DataSection
{
    /// <summary>Sources of training text: paths, globs, <c>dotnet-docs</c>, or one file of ids (.i32, .u16).</summary>
    public IReadOnlyList<TrainSource> Sources { get; init; } = [];

    /// <summary>Where they are.</summary>
    public IReadOnlyList<string> Train
    {
        get => [.. Sources.Select(static source => source.Path)];
        init => Sources = [.. value.Select(static path => new TrainSource { Path = path })];
    }

    /// <summary>Whether sources are drawn by weights, each for itself, and not read as one text.</summary>
    public bool IsMixture => Sources.Any(static source => source.IsMixed);

    /// <summary>Similarity to an earlier document from which on one is dropped; null drops none but equal ones.</summary>
    public double? NearDuplicates { get; init; }

    /// <summary>The language of documents that are kept, by its code; null any.</summary>
    public string? Language { get; init; }

    /// <summary>Repetition above which a document is dropped; 1 drops none.</summary>
    public double MaxRepetition { get; init; } = 1;

    /// <summary>
    /// Bytes that training tokens may take on the disk at once; where there are more they are made in pieces, ahead of training. Null for
    /// as many as there are.
    /// </summary>
    public long? Disk { get; init; }

    /// <summary>The text, or ids, that models are scored on; null the training text.</summary>
    public string? Calibration { get; init; }

    /// <summary>
    /// The field of records, or column of tables, that holds the text and alone decides; null for any shape that is known.
    /// </summary>
    public string? Field { get; init; }

    /// <summary>Share of the documents held out, by the hash of their text; of ids, the last windows.</summary>
    public double HeldOut { get; init; } = 0.02;

    /// <summary>Tokens of a window.</summary>
    public int Sequence { get; init; } = 256;

    /// <summary>What a document sees, in training, of the one before it in its window.</summary>
    public DocumentContext Documents { get; init; }

    /// <summary>Whether a source is token ids, and no text.</summary>
    public static bool IsIds(string source) =>
        source.EndsWith(".i32", StringComparison.OrdinalIgnoreCase) || source.EndsWith(".u16", StringComparison.OrdinalIgnoreCase)
        || source.All(c => char.IsAsciiDigit(c) || c is ',' or ' ');

    internal static IReadOnlyList<Key<DataSection>> Keys { get; } =
    [
        new Key<DataSection, IReadOnlyList<TrainSource>>(
            "train", TrainSource.ListKind, s => s.Sources, (s, sources) => s with { Sources = sources })
        {
            IsOption = false,
            Page = """
                Sources of training text, one or a list: files of the kinds below, folders, patterns (`corpus/**/*.md`, `src/**/*.cs`),
                `dotnet-docs` (the API documentation in the .NET SDK), or one file of token ids (`.i32`, `.u16`). Sources with a weight or
                a token budget form a [mixture](#mixtures): `[ { path: books.jsonl, weight: 2 }, { path: code, tokens: 10M } ]`.
                """,
            IsRequired = true,
            Missing = _ => Example,
            Refused = (_, sources) => sources.Count == 0 ? "it must name at least one source"
                : sources.Any(source => source.IsMixed) && sources.FirstOrDefault(source => IsIds(source.Path)) is { } ids
                    ? $"{ids.Path} is token ids, which cannot be mixed; give text" : null,
        },
        new Key<DataSection, string?>("field", Kinds.Text("NAME"), s => s.Field, (s, field) => s with { Field = field })
        {
            IsOption = false,
            PageDefault = "any known shape",
            Page = "The field of JSON records, or the column of a table, that holds the text of `train`. If set, it alone decides.",
            IsLater = true,
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids, which have no fields; leave it out" : null,
        },
        new Key<DataSection, double>("held-out", Kinds.Share, s => s.HeldOut, (s, share) => s with { HeldOut = share })
        {
            IsOption = false,
            PageDefault = "2%",
            Page = """
                Share of the documents held out of training, chosen by the hash of their text; for ids, the last windows. Above 0, below 1.
                """,
        },
        new Key<DataSection, double?>("near-duplicates", Kinds.Number("X", Limits.Above(0).UpTo(1)).Or("keep"), s => s.NearDuplicates,
            (s, threshold) => s with { NearDuplicates = threshold })
        {
            IsOption = false,
            PageDefault = "keep",
            Page = """
                Documents of `train` that are at least this similar to an earlier one are dropped. Similarity is the share of distinct
                five-word sequences that two documents have in common (Jaccard, found by MinHash). `keep` drops only identical documents.
                """,
            IsLater = true,
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids; leave it out" : null,
        },
        new Key<DataSection, string?>("language", Kinds.Text("CODE"), s => s.Language, (s, code) => s with { Language = code })
        {
            IsOption = false,
            PageDefault = "any",
            Page = """
                Keep only documents in one language, by its ISO 639-1 code (`en`, `de`, `zh`), detected by script and most common words.
                """,
            IsLater = true,
            Refused = (_, code) => code is null || DocumentFilters.Languages.Contains(code) ? null
                : $"known: {string.Join(", ", DocumentFilters.Languages)}",
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids; leave it out" : null,
        },
        new Key<DataSection, double>(
            "max-repetition", Kinds.ShareOf(Limits.From(0).UpTo(1)), s => s.MaxRepetition, (s, share) => s with { MaxRepetition = share })
        {
            IsOption = false,
            PageDefault = "100%, any",
            Page = """
                Documents are dropped if more than this share of their four-token sequences occurred earlier in the same document
                (seq-rep-4, arXiv 1908.04319).
                """,
            IsLater = true,
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids; leave it out" : null,
        },
        new Key<DataSection, long?>("disk", Kinds.Bytes.OrAbsent(), s => s.Disk, (s, bytes) => s with { Disk = bytes })
        {
            IsOption = false,
            PageDefault = "unlimited",
            Page = """
                Disk space that the training tokens may take at once (`20GB`), for text whose tokens do not fit on the disk: they are then
                [made in pieces](#text-larger-than-the-disk) of a third of that space, ahead of training, and shuffled within each piece.
                """,
            IsLater = true,
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids, which are read where they are; leave it out" : null,
        },
        new Key<DataSection, string?>(
            "calibration", Kinds.Text("TEXT"), s => s.Calibration, (s, source) => s with { Calibration = source })
        {
            IsOption = false,
            PageDefault = "`train`",
            Page = "The text, or token ids, on which importance and the loss without layers are measured, instead of the training text.",
            IsLater = true,
        },
        new Key<DataSection, int>("sequence", Kinds.Size(most: 1 << 22), s => s.Sequence, (s, tokens) => s with { Sequence = tokens })
        {
            Help = "Tokens per window; window w is ids[w (N + 1)] to ids[w (N + 1) + N]",
            Aliases = ["--seq"],
            Page = "Tokens per window: the length at which models are trained, scored and evaluated.",
        },
        new Key<DataSection, DocumentContext>(
            "documents", Kinds.Choice<DocumentContext>(), s => s.Documents, (s, context) => s with { Documents = context })
        {
            Help = "Whether tokens attend to earlier documents in their window (cross) or not, with positions that restart (separate; "
                + "in ids a document ends with EOS)",
            Page = """
                What a token attends to when a training window holds several documents: `cross`, everything before it; `separate`, only its
                own document, whose positions start at 0 (student and teacher alike; scores and evaluation stay `cross`). Documents are
                those of the text; in ids, one begins after each of the teacher's `eos_token_id`. The first token of a document is still
                predicted from the end of the previous one.
                """,
        },
    ];

    internal static Section Section { get; } = new("data", Keys);

    /// <summary>The section, as an error shows it.</summary>
    internal const string Example = "data: { train: dotnet-docs, held-out: 2%, sequence: 256 }";
}
