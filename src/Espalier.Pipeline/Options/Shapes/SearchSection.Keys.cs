using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Options.Shapes;

internal sealed partial record SearchSection
{
    private const string FromFile = "search.candidates already names a file of shapes; keep one of the two";

    /// <summary>The section, as an error shows it.</summary>
    internal const string Example = "search: { non-embedding-parameters: 3M +-5%, hidden: 128-256 step 64, ffn: [384, 512, 640] }";

    private static readonly Key<SearchSection> s_expansion = new Key<SearchSection, IReadOnlyList<double>>(
        "expansion", Factors, s => s.Space.Expansion, (s, factors) => s with { Space = s.Space with { Expansion = factors } })
    {
        Page = """
            Widths of feed-forward blocks as multiples of `hidden`, instead of `ffn`, rounded to whole numbers; those above the teacher's
            are left out.
            """,
        Useless = s => s.CandidatesFile is not null ? FromFile
            : s.Space.Sizes[Axis.Ffn] is { Count: > 0 } ? "search.ffn is also given; keep one of the two" : null,
        IsMoot = s => s.Space.Expansion.Count == 0,
    };

    internal static IReadOnlyList<Key<SearchSection>> Keys { get; } =
    [
        .. Axis.Searched.SelectMany(axis => axis == Axis.Ffn ? new Key<SearchSection>[] { Sizes(axis), s_expansion } : [Sizes(axis)]),
        Limit(
            "parameters", "Budget for all weights.", Budget.OfCount,
            s => s.Parameters, (s, budget) => s with { Parameters = budget }),
        Limit(
            "non-embedding-parameters", "Budget for the weights without embedding table and head.", Budget.OfCount,
            s => s.NonEmbeddingParameters, (s, budget) => s with { NonEmbeddingParameters = budget }),
        Limit(
            "memory",
            """
            Budget in bytes for the weights plus the keys and values of `sequences` sequences of `context` positions, in the teacher's
            element type: `<= 8GiB`, `500MB to 1GB`.
            """,
            Budget.OfBytes, s => s.Memory, (s, budget) => s with { Memory = budget }),
        new Key<SearchSection, int>("context", Kinds.Size(most: 1 << 22), s => s.Context, (s, context) => s with { Context = context })
        {
            Page = "Positions for which memory and latency are estimated.",
        },
        new Key<SearchSection, int>(
            "sequences", Kinds.Size(most: 1 << 20), s => s.Sequences, (s, sequences) => s with { Sequences = sequences })
        {
            Page = "Concurrent sequences for which memory is estimated.",
        },
        Limit(
            "flops-per-token", "Budget for the operations of a token's forward pass within a window.", Budget.OfCount,
            s => s.FlopsPerToken, (s, budget) => s with { FlopsPerToken = budget }),
        Limit(
            "prefill",
            """
            Budget for the time of the first pass over `context` tokens on this machine: `<= 20ms`, `0.1s to 0.5s`. Single layers of each
            shape are timed with random weights (median of seven), and the times are stored in `latency.json` of the run folder.
            """,
            Budget.OfSeconds, s => s.Prefill, (s, budget) => s with { Prefill = budget }),
        Limit(
            "decode", "The same for generating one more token after `context`.", Budget.OfSeconds,
            s => s.Decode, (s, budget) => s with { Decode = budget }),
        new Key<SearchSection, (int Count, string? File)>(
            "candidates", HowMany, s => (s.Candidates, s.CandidatesFile),
            (s, how) => s with { Candidates = how.Count, CandidatesFile = how.File })
        {
            Page = "How many candidates are trained; or a JSON file of shapes instead of a grid, all of which are trained.",
            Turn = -1,
        },
        new Key<SearchSection, SearchProxy>("proxy", Kinds.Choice<SearchProxy>(), s => s.Proxy, (s, proxy) => s with { Proxy = proxy })
        {
            Page = """
                How candidates are chosen for training: `importance`, the product of the shares of importance held by the channels, heads,
                neurons and layers that stay; or `pruned-loss`, the held-out loss right after pruning, measured on four times as many,
                which importance preselects.
                """,
        },
        new Key<SearchSection, IReadOnlyList<long>>("rungs", Ascending, s => s.Rungs, (s, rungs) => s with { Rungs = rungs })
        {
            PageDefault = "[25, 50, 100]",
            Page = "Steps, counted from the start, at which candidates are compared and the better half, at least two, continues.",
        },
        new Key<SearchSection, int?>("batch", Kinds.Size(most: 1 << 24).OrAbsent(), s => s.Batch, (s, batch) => s with { Batch = batch })
        {
            PageDefault = "that of `distill`",
            Page = "Windows per step.",
            IsLater = true,
        },
        new Key<SearchSection, double?>(
            "learning-rate", Kinds.Number("RATE", Limits.Above(0)).OrAbsent(),
            s => s.LearningRate, (s, rate) => s with { LearningRate = rate })
        {
            PageDefault = "the peak of `distill`",
            Page = """
                Learning rate, constant after `distill`'s warm-up (which ends at the first rung at the latest), so that a longer training
                starts with a shorter one.
                """,
            IsLater = true,
        },
        new Key<SearchSection, IReadOnlyList<TaskSection>>("tasks", Entries, s => s.Compared, (s, tasks) => s with { Compared = tasks })
        {
            Page = """
                What candidates are compared on besides the held-out text, one or a list: names of further texts of `evaluate`, and
                [benchmarks](#benchmarks) in the form that `evaluate` takes, such as `[ endings, { task: gsm8k, limit: 100 } ]`. Candidates
                are then ordered by their mean rank over all of them, [below](#candidates-on-benchmarks). A file of items (`FILE.jsonl`, as
                for `score.task`) counts as a benchmark too.
                """,
        },
    ];

    internal static Section Section { get; } = new("search", Keys);

    private static Kind<IReadOnlyList<TaskSection>> Entries => new(
        "NAME",
        (fields, key) =>
            [.. (fields.Find(key) is YamlList list ? list.Items : [fields.Find(key)!]).Select(item => Entry(fields, key, item))],
        entries => new JsonArray([.. entries.Select(entry => entry.Written)]),
        () => Schemas.OneOrMore(Schemas.AnyOf(Schemas.Text(), Schemas.Section(TaskSection.Section))))
    { Inner = TaskSection.Section };

    private static TaskSection Entry(SectionFields fields, string key, YamlValue item) => item switch
    {
        YamlText { IsEmpty: false, Text: { Length: > 0 } name } when !name.Contains('\0') => new() { Task = name },
        YamlMap => TaskSection.Read(fields, key, item, "search.tasks"),
        _ => throw fields.At(item.Line,
            "search.tasks must list names of texts and benchmarks, or maps such as { task: gsm8k, limit: 100 }"),
    };

    private static Kind<IReadOnlyList<double>> Factors => new(
        "FACTORS",
        (fields, key) =>
            [.. fields.Texts(key)!.Select(text =>
                fields.Number(key, text, s_factors.Hold, $"{s_factors}, or a list of such"))],
        factors => new JsonArray([.. factors.Select(factor => JsonValue.Create(factor))]),
        () => Schemas.OneOrMore(Schemas.Number(s_factors)));

    private static readonly Limits s_factors = Limits.Above(0).UpTo(1000);

    /// <summary>A number, or the name of a file.</summary>
    private static Kind<(int Count, string? File)> HowMany => new(
        "N|FILE.json",
        (fields, key) => fields.Text(key) is { } text && Quantity.Number(text) is null && Quantity.Count(text) is null
            ? (new SearchSection().Candidates, text) : (fields.Size(key, most: 10_000)!.Value, null),
        how => how.File is { } file ? JsonValue.Create(file) : JsonValue.Create(how.Count),
        () => Schemas.AnyOf(Schemas.Count(1, 10_000), Schemas.Pattern($"^(?!-?{Schemas.Quantity}$)[^ ]")));

    private static Kind<IReadOnlyList<long>> Ascending => new(
        "STEPS",
        ReadRungs,
        rungs => new JsonArray([.. rungs.Select(steps => JsonValue.Create(steps))]),
        () => Schemas.OneOrMore(Schemas.Count(1), least: 1));

    private static long[] ReadRungs(SectionFields fields, string key)
    {
        long[] rungs = [.. fields.Texts(key)!.Select(text => Quantity.Count(text) is >= 1 and <= TrainingSection.MostTokens and { } steps
            ? steps : throw fields.Wrong(key, "it must list numbers of steps, as in: [25, 50, 100]"))];
        return rungs.Length > 0 && rungs.Zip(rungs.Skip(1)).All(pair => pair.First < pair.Second)
            ? rungs : throw fields.Wrong(key, "its steps are counted from the start and must increase, as in: [25, 50, 100]");
    }

    private static Key<SearchSection, IReadOnlyList<int>> Sizes(Axis axis) =>
        new(axis.Key, Kinds.Sizes, s => s.Space.Sizes[axis] ?? [],
            (s, sizes) => s with { Space = s.Space with { Sizes = s.Space.Sizes.With(axis, sizes.Count > 0 ? sizes : null) } })
        {
            PageDefault = "the teacher's",
            Page = $"{axis.Summary}.",
            Useless = s => s.CandidatesFile is not null ? FromFile : null,
            IsMoot = s => s.Space.Sizes[axis] is not { Count: > 0 },
        };

    private static Key<SearchSection, Budget?> Limit(
        string name, string page, Func<string, Budget> parse, Func<SearchSection, Budget?> get,
        Func<SearchSection, Budget?, SearchSection> set) =>
        new(name, Kinds.Parsed("BUDGET", parse, budget => budget.ToString(), Budget.Pattern).OrAbsent(), get, set)
        {
            PageDefault = "any",
            Page = page,
            IsLater = true,
        };
}
