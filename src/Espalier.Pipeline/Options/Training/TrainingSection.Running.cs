using Espalier.Compression.Training;
using Espalier.Compression.Training.Speeds;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    /// <summary>Whether the graphs of blocks are made twice instead of kept.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>What the products with weights are computed in.</summary>
    public ComputeChoice Compute { get; init; }

    /// <summary>Steps between evaluations on held-out data; 0 only at the end.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Evaluations in a row without a new best after which training ends; 0 for never.</summary>
    public int EarlyStopping { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public long CheckpointEvery { get; init; } = 50;

    private static Key<TrainingSection>[] RunningKeys() =>
    [
        new Key<TrainingSection, bool>(
            "activation-checkpointing", Kinds.FlagAsText,
            s => s.ActivationCheckpointing, (s, isOn) => s with { ActivationCheckpointing = isOn })
        {
            Help = "Keep the inputs of blocks alone and compute each block twice: less memory, a third more work, the same result",
            Page = """
                `true` keeps the input of each block alone and computes the block once more on the way back: less memory, a third more
                work, the same result.
                """,
            Stage = InStageKey.Never,
        },
        new Key<TrainingSection, ComputeChoice>(
            "compute", Kinds.Choice(ComputeChoices.Names), s => s.Compute, (s, compute) => s with { Compute = compute })
        {
            Help = "What the products with weights are computed in; auto is bfloat16 where the processor has units for it",
            Page = """
                What the products with weights are computed in, of the model and of its teacher: `float32` (`f32`), `bfloat16` (`bf16`;
                their operands and results rounded; weights, their gradients, moments, the residual stream, attention and losses
                stay float32, and so does evaluation but by a recipe's `evaluate-compute`), or `auto`: bfloat16 where the processor has
                units for it (avx512_bf16 or amx_bf16; `espalier doctor` lists them).
                """,
            Stage = InStageKey.WhereItDiffers,
            // Auto stands for what it comes to here: a run that goes on elsewhere must not mix the two.
            StageValue = s => s.Compute.Here() == ComputeType.Bfloat16 ? "bfloat16" : null,
        },
        new Key<TrainingSection, long>(
            "evaluate-every", Kinds.Count(least: 0), s => s.EvaluateEvery, (s, steps) => s with { EvaluateEvery = steps })
        {
            Help = "Steps between evaluations on held-out data; 0 only before and after",
            Page = "Steps between evaluations on held-out text; 0 only at the end.",
        },
        new Key<TrainingSection, int>(
            "early-stopping", Kinds.Size(least: 0), s => s.EarlyStopping, (s, evaluations) => s with { EarlyStopping = evaluations })
        {
            Help = "Evaluations without a new best after which training ends; the result is the best. 0 never",
            Page = """
                Evaluations in a row without a new best held-out loss after which training ends; needs `evaluate-every`. The result is
                the weights of the best evaluation, also where all steps were made. 0 never stops, and the last weights are the result.
                """,
            Refused = (s, evaluations) => evaluations > 0 && s.EvaluateEvery == 0
                ? "it looks at evaluations, and evaluate-every is 0; give that too, as in: evaluate-every: 50" : null,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<TrainingSection, long>(
            "checkpoint-every", Kinds.Count(least: 0), s => s.CheckpointEvery, (s, steps) => s with { CheckpointEvery = steps })
        {
            Help = "Steps between checkpoints; 0 only when interrupted",
            Page = "Steps between checkpoints: what a killed run loses at most. 0 only when it is stopped.",
            Stage = InStageKey.Never,
        },
    ];
}
