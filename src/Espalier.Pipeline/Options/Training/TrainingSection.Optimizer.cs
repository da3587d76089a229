using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Parts;

namespace Espalier.Pipeline.Options.Training;

/// <summary>Optimizers.</summary>
internal enum OptimizerKind
{
    /// <summary>AdamW for everything.</summary>
    Adamw,

    /// <summary>Muon for the matrices of blocks, AdamW for the rest.</summary>
    Muon,
}

internal sealed partial record TrainingSection
{
    /// <summary>What makes updates of gradients.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay of AdamW's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's second moment.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>What AdamW adds to √v̂.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Global gradient norm that is clipped to; null for none.</summary>
    public double? Clip { get; init; } = 1.0;

    /// <summary>What stays as it is.</summary>
    public FrozenParts Freeze { get; init; } = FrozenParts.None;

    /// <summary>Factor of the learning rate from one layer to the one below it.</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>The optimizer as the trainer takes it.</summary>
    internal OptimizerOptions OptimizerOptions => Optimizer switch
    {
        OptimizerKind.Muon => new MuonOptions(AdamW),
        _ => AdamW,
    };

    private AdamWOptions AdamW => new(Beta1, Beta2, AdamEpsilon, WeightDecay);

    private static Key<TrainingSection>[] OptimizerKeys() =>
    [
        new Key<TrainingSection, OptimizerKind>(
            "optimizer", Kinds.Choice<OptimizerKind>(), s => s.Optimizer, (s, optimizer) => s with { Optimizer = optimizer })
        {
            Help = "What makes updates of gradients; muon is for the matrices of blocks, and the rest goes by AdamW",
            Page = """
                What makes updates of gradients. `adamw`, or `muon`: the momentum (0.95, Nesterov's) of each matrix of the blocks is made
                nearly orthogonal by five Newton-Schulz steps (Keller Jordan, 2024), its update as large as AdamW's commonly is (arXiv
                2502.16982), so that learning rates and decay carry over; embedding, head, norms and biases go by AdamW. Half of AdamW's
                state for those matrices, and more work: about 20 · rows · columns · the smaller of them a step.
                """,
            IsLater = true,
        },
        new Key<TrainingSection, double>(
            "weight-decay", Kinds.Number("X", Limits.From(0).Below(1000)), s => s.WeightDecay,
            (s, decay) => s with { WeightDecay = decay })
        {
            Help = "Decoupled decay of matrices; norms and biases never decay",
            Page = "Decoupled weight decay of the matrices.",
        },
        new Key<TrainingSection, (double First, double Second)>(
            "betas", Kinds.Pair("B1,B2", Limits.From(0).Below(1), "from 0 and below 1, two of them as in: [0.9, 0.95]"),
            s => (s.Beta1, s.Beta2), (s, betas) => s with { Beta1 = betas.First, Beta2 = betas.Second })
        {
            Help = "AdamW's two betas",
            PageDefault = "[0.9, 0.95]",
            Page = "Decay of AdamW's two moments.",
        },
        new Key<TrainingSection, double>(
            "adam-epsilon", Kinds.Number("X", Limits.Above(0).UpTo(1)), s => s.AdamEpsilon,
            (s, epsilon) => s with { AdamEpsilon = epsilon })
        {
            Help = "What AdamW adds to the root of the second moment: larger steadies weights with small gradients",
            Page = """
                What AdamW adds to √v̂, the root of the second moment. Larger (1e-6, 1e-5) takes smaller steps where gradients are small.
                """,
            IsLater = true,
        },
        // Never, in either of its spellings, is null.
        new Key<TrainingSection, double?>(
            "clip", Kinds.Number("NORM", Limits.From(0), "above 0 (0 never clips)").Or("none"),
            s => s.Clip, (s, norm) => s with { Clip = norm > 0 ? norm : null })
        {
            Help = "Global gradient norm that gradients are scaled down to; none or 0 never does",
            Page = "Global gradient norm above which gradients are scaled down; `none` or 0 for never.",
            StageValue = s => s.Clip,
        },
        new Key<TrainingSection, FrozenParts>(
            "freeze", Kinds.ParsedList("PARTS", FrozenParts.Parse, parts => parts.Words, FrozenParts.Pattern),
            s => s.Freeze, (s, parts) => s with { Freeze = parts })
        {
            Help = "What stays as it is: embedding, head, norms, attention, mamba, delta (linear attention), mlp, layers "
                + "0-3, with commas between them",
            PageDefault = "nothing",
            Page = """
                What stays as it is, one or a list of `embedding`, `head`, `norms`, `attention`, `mamba`, `delta` (linear attention), `mlp`,
                `layer 5` and `layers 0-3` (whole blocks, from 0): no gradient, no moments, no decay, and no memory for them.
                """,
            Stage = InStageKey.WhereItDiffers,
            StageValue = s => string.Join(", ", s.Freeze.Words),
        },
        new Key<TrainingSection, double>(
            "layer-decay", Kinds.Number("X", Limits.Above(0).UpTo(1)),
            s => s.LayerDecay, (s, factor) => s with { LayerDecay = factor })
        {
            Help = "Factor of the learning rate from one layer to the one below it, the embedding last",
            Page = """
                Factor of the learning rate from one layer to the one below it: layer l of L, from 0, gets it to the power L - l, the
                embedding to the power L + 1; the last norm and the head keep the whole rate. Above 0, at most 1.
                """,
            Stage = InStageKey.WhereItDiffers,
        },
    ];
}
