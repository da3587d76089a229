using Espalier.Pipeline.Runs;

namespace Espalier.Reports.Runs;

/// <summary>
/// What a training's loss measures. Losses of different kinds never share an axis: a distance from the teacher is no negative
/// log-likelihood, though both are nats per token.
/// </summary>
/// <param name="Name">As the recipe writes it, with what stands beside it.</param>
/// <param name="IsNll">Whether it is the negative log-likelihood of the text, as held-out loss is.</param>
internal sealed record TrainingLoss(string Name, bool IsNll)
{
    private const string CrossEntropy = "cross-entropy";

    private static readonly TrainingLoss s_nll = new(CrossEntropy, true);

    /// <summary>The label of its axis.</summary>
    internal string Label => IsNll ? "NLL, nats per token" : $"loss ({Name})";

    /// <summary>
    /// The loss of a stage, from its record; of one that has none yet, correction and pre-training are by cross-entropy, a distillation is
    /// not.
    /// </summary>
    internal static TrainingLoss Of(string stage, StageRecord? record)
    {
        if (record?.Options?["loss"].TextOf() is not { } loss)
            return stage.StartsWith("distill", StringComparison.Ordinal) ? new("distance from the teacher", false) : s_nll;
        var hidden = record!.Options!["hidden"] is null ? "" : " and hidden states";
        var parallel = record.Options["teacher_learning_rate"] is null ? "" : " and the teacher's correction";
        var temperature = record.Options["temperature"]?.ToJsonString() is { } t && t is not ("1" or "1.0") && loss != CrossEntropy
            ? $" at temperature {t}" : "";
        return new(loss + temperature + hidden + parallel, loss == CrossEntropy && (hidden + parallel).Length == 0);
    }
}
