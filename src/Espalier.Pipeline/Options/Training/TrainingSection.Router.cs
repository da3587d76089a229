using Espalier.Compression.Distillation;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    /// <summary>Weight of the auxiliary loss that keeps experts equally busy (<see cref="RouterBalance"/>); 0 for none.</summary>
    public double RouterBalance { get; init; }

    /// <summary>That loss; null for none.</summary>
    /// <exception cref="EspalierException">The model has no experts.</exception>
    internal RouterBalance? BalanceOf(DecoderConfig model) => RouterBalance > 0 ? new(RouterBalance, model) : null;

    private static Key<TrainingSection>[] RouterKeys() =>
    [
        new Key<TrainingSection, double>(
            "router-balance", Kinds.Number("X", Limits.From(0)), s => s.RouterBalance, (s, weight) => s with { RouterBalance = weight })
        {
            Help = "Weight of the auxiliary loss that keeps the experts of a mixture equally busy (Switch Transformer), such as 0.01; "
                + "0 disables it",
            Page = """
                For mixtures of experts: weight of the auxiliary loss that keeps experts equally busy over each window (arXiv 2101.03961;
                `router_aux_loss_coef` in a transformers config.json, usually 0.001 to 0.02). 0 disables it: a student learns its routing
                from the teacher's distribution, see [training mixtures](#mixtures-of-experts).
                """,
            IsLater = true,
        },
    ];
}
