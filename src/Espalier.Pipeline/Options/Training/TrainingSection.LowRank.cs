using Espalier.Compression.Training.Parts;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    /// <summary>Rank of the factors that are trained in place of the weights (LoRA); null where the weights themselves are.</summary>
    public int? LoraRank { get; init; }

    /// <summary>Over the rank, what multiplies the factors' product; null is the rank itself.</summary>
    public double? LoraAlpha { get; init; }

    /// <summary>Which matrices have factors.</summary>
    public LowRankTargets LoraTargets { get; init; } = LowRankTargets.All;

    /// <summary>The same training of all weights: what a teacher that is corrected meanwhile has.</summary>
    internal TrainingSection OfAllWeights => this with { Freeze = FrozenParts.None, LoraRank = null };

    /// <summary>Whether a parameter stays as it is from beginning to end.</summary>
    internal bool Holds(Parameter parameter) => Freeze.Hold(parameter) || LoraRank is not null && !LoraTargets.Has(parameter);

    /// <summary>What stays as it is, in words; null where nothing does.</summary>
    internal string? Held => (LoraRank, Freeze.IsEmpty) switch
    {
        (not null, true) => "weights without an adapter",
        (not null, false) => $"weights without an adapter and frozen parts ({string.Join(", ", Freeze.Words)})",
        (null, false) => $"frozen parts ({string.Join(", ", Freeze.Words)})",
        _ => null,
    };

    /// <summary>The low-rank adaptation as the trainer takes it; null for none.</summary>
    internal LowRankOptions? LowRank(long seed) =>
        LoraRank is { } rank ? new(rank, LoraAlpha ?? rank, LoraTargets, unchecked((ulong)seed)) : null;

    private static Key<TrainingSection>[] LowRankKeys() =>
    [
        new Key<TrainingSection, int?>(
            "lora-rank", Kinds.Size(most: 1 << 16).Or("none"), s => s.LoraRank, (s, rank) => s with { LoraRank = rank })
        {
            Help = "Train two factors of this rank for each matrix of the blocks instead of the weights (LoRA), so that gradients and "
                + "moments take little memory. The factors are merged into the saved weights",
            ShowsDefault = false,
            Page = """
                LoRA (arXiv 2106.09685): freezes the weights and trains two factors of this rank for each matrix of the blocks, so that
                gradients, moments and checkpoints cover only the factors. They are merged into the saved weights ([align](align.md#lora)).
                `none` trains the weights themselves.
                """,
            IsLater = true,
        },
        new Key<TrainingSection, double?>(
            "lora-alpha", Kinds.Number("X", Limits.Above(0)).Or("rank"), s => s.LoraAlpha,
            (s, alpha) => s with { LoraAlpha = alpha == s.LoraRank ? null : alpha })
        {
            Help = "With --lora-rank: the factors' product is multiplied by this over the rank; by default the rank, a factor of 1",
            ShowsDefault = false,
            PageDefault = "the rank",
            Page = "With `lora-rank`: the factors' product is multiplied by alpha / rank.",
            Useless = WithoutLora,
            IsLater = true,
        },
        new Key<TrainingSection, LowRankTargets>(
            "lora-targets", Kinds.ParsedList("PARTS", LowRankTargets.Parse, targets => targets.Words, LowRankTargets.Pattern),
            s => s.LoraTargets, (s, targets) => s with { LoraTargets = targets })
        {
            Help = "With --lora-rank: matrices that get factors, separated by commas: attention, mlp, q_proj, k_proj, v_proj, o_proj, "
                + "gate_proj, up_proj, down_proj, mamba, delta (linear attention); by default all",
            ShowsDefault = false,
            PageDefault = "all matrices of the blocks",
            Page = """
                With `lora-rank`: the matrices that get factors, one or a list of `attention`, `mlp`, `q_proj`, `k_proj`, `v_proj`,
                `o_proj`, `gate_proj`, `up_proj`, `down_proj`, `mamba` and `delta` (linear attention). Parts that `freeze` names get none.
                """,
            Useless = WithoutLora,
            IsLater = true,
        },
    ];

    private static string? WithoutLora(TrainingSection section) =>
        section.LoraRank is not null ? null : "it is for lora-rank, which is not given; add that or leave it out";
}
