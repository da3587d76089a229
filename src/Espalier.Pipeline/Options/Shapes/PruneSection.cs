using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Compression.Pruning.Experts;
using Espalier.Compression.Pruning.Masks;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>The student's shape.</summary>
internal sealed record PruneSection
{
    /// <summary>Sizes; what is null stays.</summary>
    public PruneTarget Target { get; init; } = new();

    /// <summary>How the units are chosen.</summary>
    public PruneMethod Method { get; init; } = PruneMethod.Importance;

    /// <summary>Which layers a depth cut takes.</summary>
    public DepthChoice Depth { get; init; } = DepthChoice.Contiguous;

    /// <summary>How many weights a masking method sets to zero; null for other methods.</summary>
    public Sparsity? Sparsity { get; init; }

    /// <summary>Whether query heads that go leave their residual in those that stay (<see cref="HeadMerge"/>).</summary>
    public bool MergeHeads { get; init; }

    /// <summary>Whether experts that go are merged into those that stay (<see cref="ExpertGroups"/>).</summary>
    public bool MergeExperts { get; init; }

    /// <summary>A plan written by hand, instead of sizes.</summary>
    public string? Plan { get; init; }

    /// <summary>The keys; beside a search, which finds the shape, most of them have no meaning.</summary>
    internal static IReadOnlyList<Key<PruneSection>> Keys(bool searches)
    {
        Func<PruneSection, string?> Useless(string key) => s => Why(s, key, searches);
        return
        [
            .. ShapeKeys.Of<PruneSection>(s => s.Target, (s, target) => s with { Target = target }, Useless, isFirst: true),
            new Key<PruneSection, PruneMethod>("method", Kinds.Choice<PruneMethod>(), s => s.Method,
                (s, method) => s with { Method = method })
            {
                // Options of prune have --method for what scores read, and --random.
                IsOption = false,
                // In small letters alone, as the first folders had it.
                StageValue = s => s.Method.ToString().ToLowerInvariant(),
                Page = """
                    `importance` removes the least important units, `random` removes random ones, and `random-init` fills the shape with
                    random weights. The last two are controls. `magnitude` and `wanda` keep the shape and set weights to zero, see
                    `sparsity`.
                    """,
                Turn = -1,
                Useless = Useless("method"),
            },
            new Key<PruneSection, Sparsity?>(
                "sparsity", (Kinds.Parsed("SHARE|N:M", Compression.Pruning.Masks.Sparsity.Parse, share => share.ToString(), "") with
                {
                    Schema = () => Schemas.AnyOf(
                        Schemas.Share(Limits.Above(0).Below(1)), Schemas.Pattern("^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$")),
                }).OrAbsent(),
                s => s.Sparsity, (s, sparsity) => s with { Sparsity = sparsity })
            {
                IsOption = false,
                Stage = InStageKey.WhereItDiffers,
                PageDefault = "50%",
                Page = """
                    With `magnitude` and `wanda`: how many weights of each matrix of the blocks become zero, a share, or N of every M
                    neighbours as in `2:4`. `magnitude` takes the smallest weights of a matrix; `wanda` takes those of each row whose
                    product with the norm of their input is smallest (arXiv 2306.11695), block by block with the earlier blocks already
                    masked, over `score.samples` windows. Both show what structure costs: they allow no sizes and no `distill`, and the
                    model stays as large as before.
                    """,
                Otherwise = s => s.IsMask ? s with { Sparsity = Compression.Pruning.Masks.Sparsity.Half } : s,
                Useless = Useless("sparsity"),
            },
            new Key<PruneSection, DepthChoice>("depth", Kinds.Choice<DepthChoice>(), s => s.Depth, (s, depth) => s with { Depth = depth })
            {
                Help = "Layers to remove: the span, or the single layers, that matter least; or one after another (greedy), which "
                    + "needs --depth-scores",
                Page = """
                    Which layers to remove, by `score.depth`: the `contiguous` span that does the least harm, `scattered` single layers, or
                    `greedy`: one after another, each time the layer whose removal harms the rest least.
                    """,
                Useless = Useless("depth"),
            },
            new Key<PruneSection, bool>("merge-heads", Kinds.FlagAsText, s => s.MergeHeads, (s, merges) => s with { MergeHeads = merges })
            {
                Help = "Fold the residual of removed query heads into those that stay",
                Stage = InStageKey.WhereItDiffers,
                StageValue = s => s.MergeHeads,
                Page = """
                    `true`: before heads are removed, those that stay absorb what would be lost (arXiv 2407.14679, section 2.3): in each KV
                    group of L heads ranked by score, of which K stay, the query of head i becomes 2 Q_i − Q_j with j = 2K − i + 1, for i
                    from 2K − L + 1 to K. K must be at least half of L. Only queries change: gates of heads and
                    the gains of norms over them stay as they are.
                    """,
                Useless = Useless("merge-heads"),
                Refused = (s, merges) => merges && s.Method != PruneMethod.Importance
                    ? $"heads are merged in the order of their scores, but prune.method is {EnumName.Of(s.Method)}; leave it out" : null,
            },
            new Key<PruneSection, bool>("merge-experts", Kinds.FlagAsText, s => s.MergeExperts,
                (s, merges) => s with { MergeExperts = merges })
            {
                Help = "Merge removed experts into the nearest ones that stay, instead of dropping them",
                Stage = InStageKey.WhereItDiffers,
                StageValue = s => s.MergeExperts,
                Page = """
                    `true`: each removed expert of a mixture is merged into the remaining one whose router logits are nearest to its own
                    over the calibration text (M-SMoE, arXiv 2310.01334). Neurons are matched by their weights, and experts are weighted by
                    the mass that the router gives to each. `score.experts-by` decides which experts stay. Needs scores of activations.
                    """,
                Useless = Useless("merge-experts"),
                Refused = (s, merges) => merges && s.Method != PruneMethod.Importance
                    ? $"experts are merged by router statistics in the scores, but prune.method is {EnumName.Of(s.Method)}; leave it out"
                    : null,
                IsLater = true,
            },
            new Key<PruneSection, LayerCounts?>("layer-kinds",
                Kinds.Parsed("COUNTS", LayerCounts.Parse, counts => counts.ToString(), LayerCounts.Pattern).OrAbsent(),
                s => s.Target.Kinds, (s, counts) => s with { Target = s.Target with { Kinds = counts } })
            {
                Help = "How many layers of each kind a hybrid keeps, such as '25 mamba + 4 attention + 19 feed-forward'; needs --depth "
                    + "scattered",
                Stage = InStageKey.WhereItDiffers,
                PageDefault = "as they rank",
                Page = """
                    For a hybrid, how many layers of each kind stay, such as `25 mamba + 4 attention + 19 feed-forward`; they add up to
                    `layers`. The best of each kind stay, and the student's size is known in advance. Without it, all layers are ranked
                    together, and `plan` shows the range in which the size may lie. Needs `depth: scattered`.
                    """,
                Useless = Useless("layer-kinds"),
                Refused = (s, counts) => counts is not null && s.Depth != DepthChoice.Scattered
                    ? $"it chooses single layers of each kind, but prune.depth is {EnumName.Of(s.Depth)}; use depth: scattered"
                    : null,
                IsLater = true,
            },
            new Key<PruneSection, string?>("plan", Kinds.Text("FILE.json"), s => s.Plan, (s, file) => s with { Plan = file })
            {
                Help = "JSON file that says what to keep, instead of a shape",
                // Its content is an input.
                Stage = InStageKey.Never,
                Page = "A JSON file that says what to keep, instead of all the keys above.",
                Turn = -2,
                IsLater = true,
                Useless = Useless("plan"),
            },
        ];
    }

    internal static Section Section { get; } = new("prune", Keys(searches: false));

    /// <summary>Whether weights become zero and the shape stays.</summary>
    internal bool IsMask => Method is PruneMethod.Magnitude or PruneMethod.Wanda;

    /// <summary>What of the section determines the pruned model.</summary>
    internal JsonObject StageOptions() =>
        Keys(searches: false).Where(key => !IsMask || key.Name is "method" or "sparsity").StageOptions(this);

    /// <summary>Reads the section; beside a search it may be absent.</summary>
    internal static PruneSection Read(SectionFields fields, bool searches)
    {
        const string example = "prune: { hidden: 192, ffn: 512 }";
        if (fields.Section("prune") is not { } section)
            return searches ? new() : throw fields.Missing("prune", example);
        var read = Keys(searches).Read(section, new());
        if (!searches && read is { Plan: null, IsMask: false } && !ShapeKeys.Sizes.Any(section.Has))
            throw section.Missing("hidden", $"{example}; or one of {string.Join(", ", ShapeKeys.Sizes)}, plan");
        // Training would fill a mask's zeros again.
        if (read.IsMask && fields.Find("distill") is not (null or YamlText { Text: "never" }))
            throw fields.At("distill",
                $"prune.method is {EnumName.Of(read.Method)}, a comparison without "
                    + "training, but training would fill the zeros again; leave one of them out");
        return read;
    }

    private static string? Why(PruneSection section, string key, bool searches)
    {
        if (searches)
            return s_besideSearch.Contains(key) ? null
                : "the search finds the shape and keeps its most important units; "
                    + $"with a search, prune accepts only {string.Join(", ", s_besideSearch)}";
        if (section.Plan is not null)
            return key == "plan" ? null : "prune.plan already says what to keep; keep one of the two";
        if (section.IsMask)
            return key is "method" or "sparsity" or "plan" ? null
                : $"method {EnumName.Of(section.Method)} sets weights to zero and keeps the shape; leave it out";
        return key == "sparsity" ? "it applies only to method: magnitude and method: wanda; leave it out" : null;
    }

    private static readonly string[] s_besideSearch = ["depth", "multiple", "merge-heads", "merge-experts"];
}
