namespace Espalier.Pipeline.Options.Texts;

/// <summary>One source of training text, and its part in the mixture of several.</summary>
internal sealed record TrainSource
{
    /// <summary>A path, a pattern, <c>dotnet-docs</c>, or token ids.</summary>
    public string Path { get; init; } = "";

    /// <summary>How much it counts in a mixture; null as much as 1.</summary>
    public double? Weight { get; init; }

    /// <summary>Training tokens that are read of it at most; null all.</summary>
    public long? Tokens { get; init; }

    /// <summary>Whether it says more than where it is.</summary>
    public bool IsMixed => Weight is not null || Tokens is not null;

    internal static IReadOnlyList<Key<TrainSource>> Keys { get; } =
    [
        new Key<TrainSource, string?>("path", Kinds.Text("TEXT"), s => s.Path, (s, path) => s with { Path = path! })
        {
            Page = "A source of training text in any form that `train` takes, except ids.",
            IsRequired = true,
            Missing = _ => Example,
        },
        new Key<TrainSource, double?>(
            "weight", Kinds.Number("X", Limits.Above(0)).OrAbsent(), s => s.Weight, (s, weight) => s with { Weight = weight })
        {
            PageDefault = "1",
            Page = "Weight of the source in training; only the ratios between weights count, to a thousandth.",
            IsLater = true,
        },
        new Key<TrainSource, long?>("tokens", Kinds.Count().OrAbsent(), s => s.Tokens, (s, tokens) => s with { Tokens = tokens })
        {
            PageDefault = "all",
            Page = """
                Training tokens to read from it, up to the end of the document that reaches them; the rest of the source is not opened.
                """,
            IsLater = true,
        },
    ];

    internal static Section Section { get; } = new("train", Keys);

    /// <summary>The list of sources as the value of a key.</summary>
    internal static Kind<IReadOnlyList<TrainSource>> ListKind { get; } = new(
        "TEXT", Read, static list => new JsonArray([.. list.Select(static source => source.Written)]),
        static () => Schemas.OneOrMore(Schemas.AnyOf(Schemas.Text(), Schemas.Section(Section)), least: 1))
    { IsList = true, Inner = Section };

    /// <summary>How a mixture is written.</summary>
    internal const string Example = "data: { train: [ { path: books.jsonl, weight: 2 }, { path: code/**/*.cs, tokens: 10M } ] }";

    private JsonNode Written => IsMixed ? Keys.Canonical(this) : JsonValue.Create(Path);

    private static IReadOnlyList<TrainSource> Read(SectionFields fields, string key) =>
    [
        .. (fields.Find(key)! is YamlList list ? list.Items : [fields.Find(key)!]).Select(item => item switch
        {
            YamlMap => Keys.Read(fields.Inside(item, key), new()),
            YamlText { IsEmpty: false, Text: { Length: > 0 } path } when !path.Contains('\0') => new TrainSource { Path = path },
            _ => throw fields.At(item.Line, $"data.{key} must list texts, or maps such as {{ path: TEXT, weight: 2, tokens: 10M }}"),
        }),
    ];
}
