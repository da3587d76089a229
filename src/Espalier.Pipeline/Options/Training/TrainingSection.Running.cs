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
            Help = "Store only the inputs of blocks and recompute each block in the backward pass: less memory, a third more work, the "
                + "same result",
            Page = """
                `true` stores only the input of each block and recomputes the block in the backward pass: less memory, a third more work,
                the same result.
                """,
            Stage = InStageKey.Never,
        },
        new Key<TrainingSection, ComputeChoice>(
            "compute", Kinds.Choice(ComputeChoices.Names), s => s.Compute, (s, compute) => s with { Compute = compute })
        {
            Help = "Type in which products with weights are computed; auto is bfloat16 if the processor has units for it",
            Page = """
                The type in which the model's and its teacher's products with weights are computed: `float32` (`f32`), `bfloat16` (`bf16`),
                or `auto`, which is bfloat16 if the processor has units for it (avx512_bf16 or amx_bf16; `espalier doctor` lists them).
                bfloat16 rounds the operands and results of these products. Weights, their gradients, moments, the residual stream,
                attention and losses stay float32, and so does evaluation unless the recipe sets `evaluate-compute`.
                """,
            Stage = InStageKey.WhereItDiffers,
            // Auto stands for what it comes to here: a run that goes on elsewhere must not mix the two.
            StageValue = s => s.Compute.Here() == ComputeType.Bfloat16 ? "bfloat16" : null,
        },
        new Key<TrainingSection, long>(
            "evaluate-every", Kinds.Count(least: 0), s => s.EvaluateEvery, (s, steps) => s with { EvaluateEvery = steps })
        {
            Help = "Steps between evaluations on held-out data; 0 evaluates only before and after training",
            Page = "Steps between evaluations on held-out text; 0 evaluates only at the end.",
        },
        new Key<TrainingSection, int>(
            "early-stopping", Kinds.Size(least: 0), s => s.EarlyStopping, (s, evaluations) => s with { EarlyStopping = evaluations })
        {
            Help = "Stop after this many evaluations in a row without a new best, and return the best weights; 0 disables early stopping",
            Page = """
                Training stops after this many evaluations in a row without a new best held-out loss; needs `evaluate-every`. The result is
                the weights of the best evaluation, even if all steps were made. 0 disables early stopping, and the last weights are the
                result.
                """,
            Refused = (s, evaluations) => evaluations > 0 && s.EvaluateEvery == 0
                ? "it needs evaluations, but evaluate-every is 0; set that too, as in: evaluate-every: 50" : null,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<TrainingSection, long>(
            "checkpoint-every", Kinds.Count(least: 0), s => s.CheckpointEvery, (s, steps) => s with { CheckpointEvery = steps })
        {
            Help = "Steps between checkpoints; 0 writes one only when interrupted",
            Page = "Steps between checkpoints: at most this many are lost when a run is killed. 0 writes one only when the run is stopped.",
            Stage = InStageKey.Never,
        },
    ];
}
