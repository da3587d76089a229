using Espalier.Compression.Data;
using Espalier.Files;

namespace Espalier.Pipeline.Options;

/// <summary>Texts and how they are cut.</summary>
internal sealed record DataSection
{
    /// <summary>Sources of training text: paths, globs, <c>dotnet-docs</c>, or one file of ids (.i32, .u16).</summary>
    public IReadOnlyList<string> Train { get; init; } = [];

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

    /// <summary>The keys.</summary>
    internal static IReadOnlyList<Key<DataSection>> Keys { get; } =
    [
        new Key<DataSection, IReadOnlyList<string>>("train", Kinds.Texts("TEXT"), s => s.Train, (s, sources) => s with { Train = sources })
        {
            IsOption = false,
            PageDefault = "required",
            Page = """
                Sources of training text, one or a list: files of the kinds below, folders, patterns (`corpus/**/*.md`, `src/**/*.cs`),
                `dotnet-docs` (the API documentation in the .NET SDK), or one file of token ids (`.i32`, `.u16`).
                """,
            IsRequired = true,
            Missing = _ => Example,
            Refused = (_, sources) => sources.Count == 0 ? "it must name at least one source" : null,
        },
        new Key<DataSection, string?>("field", Kinds.Text("NAME"), s => s.Field, (s, field) => s with { Field = field })
        {
            IsOption = false,
            PageDefault = "any known shape",
            Page = "The field of JSON records, or the column of a table, that "
                + "holds the text of `train`. Where it is given it alone decides.",
            IsLater = true,
            Useless = s => s.Train.Any(IsIds) ? "data.train is token ids, which have no fields; leave it out" : null,
        },
        new Key<DataSection, double>("held-out", Kinds.Share, s => s.HeldOut, (s, share) => s with { HeldOut = share })
        {
            IsOption = false,
            PageDefault = "2%",
            Page = """
                Share of the documents that is kept out of training, chosen by the hash of their text; of ids, the last windows. Above 0,
                below 1.
                """,
        },
        new Key<DataSection, int>("sequence", Kinds.Size(most: 1 << 22), s => s.Sequence, (s, tokens) => s with { Sequence = tokens })
        {
            Help = "Tokens of a window; window w is ids[w (N + 1)] to ids[w (N + 1) + N]",
            Aliases = ["--seq"],
            PageDefault = "256",
            Page = "Tokens of a window: the length that models are trained, scored and evaluated at.",
        },
        new Key<DataSection, DocumentContext>(
            "documents", Kinds.Choice<DocumentContext>(), s => s.Documents, (s, context) => s with { Documents = context })
        {
            Help = "Whether tokens see documents before their own in a window (cross) or not, "
                + "with positions that begin anew (separate; of ids a document ends with EOS)",
            PageDefault = "cross",
            Page = """
                What a token sees in training, of a window with several documents: `cross` all that is before it; `separate` its own
                document alone, whose positions begin at 0 (student and teacher alike; scores and evaluation stay `cross`). Documents are
                those of the text; of ids, one begins after each of the teacher's `eos_token_id`. The first token of a document is still
                predicted from the end of the one before.
                """,
        },
    ];

    /// <summary>Reads what options of a command say: how text is cut.</summary>
    internal static DataSection OfOptions(IEnumerable<(string Key, YamlValue Value)> given) =>
        Keys.Where(key => key.IsOption).Read(SectionFields.OfOptions(given, Section), new());

    /// <summary>What recipes call it.</summary>
    internal static Section Section { get; } = new("data", Keys);

    /// <summary>The section, as an error shows it.</summary>
    internal const string Example = "data: { train: dotnet-docs, held-out: 2%, sequence: 256 }";
}
