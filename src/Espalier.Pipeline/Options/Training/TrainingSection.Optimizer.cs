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
            Help = "Optimizer; muon updates the matrices of the blocks and leaves the rest to AdamW",
            Page = """
                The optimizer: `adamw`, or `muon` (Keller Jordan, 2024) for the matrices of the blocks. Muon makes the momentum (0.95,
                Nesterov) of each matrix nearly orthogonal in five Newton-Schulz steps and scales the update to AdamW's usual size (arXiv
                2502.16982), so that learning rates and decay carry over. Embedding, head, norms and biases use AdamW. Muon needs half of
                AdamW's state for those matrices, and more work: about 20 · rows · columns · the smaller of the two per step.
                """,
            IsLater = true,
        },
        new Key<TrainingSection, double>(
            "weight-decay", Kinds.Number("X", Limits.From(0).Below(1000)), s => s.WeightDecay,
            (s, decay) => s with { WeightDecay = decay })
        {
            Help = "Decoupled weight decay of matrices; norms and biases never decay",
            Page = "Decoupled weight decay of the matrices.",
        },
        new Key<TrainingSection, (double First, double Second)>(
            "betas", Kinds.Pair("B1,B2", Limits.From(0).Below(1), "from 0 and below 1, two of them as in: [0.9, 0.95]"),
            s => (s.Beta1, s.Beta2), (s, betas) => s with { Beta1 = betas.First, Beta2 = betas.Second })
        {
            Help = "AdamW's two betas",
            PageDefault = "[0.9, 0.95]",
            Page = "Decay rates of AdamW's two moments.",
        },
        new Key<TrainingSection, double>(
            "adam-epsilon", Kinds.Number("X", Limits.Above(0).UpTo(1)), s => s.AdamEpsilon,
            (s, epsilon) => s with { AdamEpsilon = epsilon })
        {
            Help = "AdamW's epsilon, added to the root of the second moment; larger values steady weights with small gradients",
            Page = """
                AdamW's epsilon, added to √v̂, the root of the second moment. Larger values (1e-6, 1e-5) take smaller steps where gradients
                are small.
                """,
            IsLater = true,
        },
        // Never, in either of its spellings, is null.
        new Key<TrainingSection, double?>(
            "clip", Kinds.Number("NORM", Limits.From(0), "above 0 (0 never clips)").Or("none"),
            s => s.Clip, (s, norm) => s with { Clip = norm > 0 ? norm : null })
        {
            Help = "Global gradient norm above which gradients are scaled down; none or 0 disables clipping",
            Page = "Global gradient norm above which gradients are scaled down; `none` or 0 disables clipping.",
            StageValue = s => s.Clip,
        },
        new Key<TrainingSection, FrozenParts>(
            "freeze", Kinds.ParsedList("PARTS", FrozenParts.Parse, parts => parts.Words, FrozenParts.Pattern),
            s => s.Freeze, (s, parts) => s with { Freeze = parts })
        {
            Help = "Parts that are not trained, separated by commas: embedding, head, norms, attention, mamba, delta (linear "
                + "attention), mlp, layers 0-3",
            PageDefault = "nothing",
            Page = """
                Parts that are not trained, one or a list of `embedding`, `head`, `norms`, `attention`, `mamba`, `delta` (linear
                attention), `mlp`, `layer 5` and `layers 0-3` (whole blocks, counted from 0). They get no gradients, moments or decay, and
                need no memory for them.
                """,
            Stage = InStageKey.WhereItDiffers,
            StageValue = s => string.Join(", ", s.Freeze.Words),
        },
        new Key<TrainingSection, double>(
            "layer-decay", Kinds.Number("X", Limits.Above(0).UpTo(1)),
            s => s.LayerDecay, (s, factor) => s with { LayerDecay = factor })
        {
            Help = "Factor on the learning rate from each layer to the one below it, down to the embedding",
            Page = """
                Factor on the learning rate from each layer to the one below it: for layer l of L, counted from 0, the rate is multiplied
                by the factor to the power L - l, for the embedding by the factor to the power L + 1; the final norm and the head keep the
                full rate. A head that is tied to the embedding counts as the embedding. Above 0, at most 1.
                """,
            Stage = InStageKey.WhereItDiffers,
        },
    ];
}
