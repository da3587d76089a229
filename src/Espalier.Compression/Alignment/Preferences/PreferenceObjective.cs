using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Profiling;

namespace Espalier.Compression.Alignment.Preferences;

// Shapes: B batch, T time, M positions that count, C positions of a chunk, D width, V vocabulary.

/// <summary>
/// A loss of pairs. The head goes over the counted positions twice: once for the log-probability of each answer, from which the loss and
/// its slope in it follow, and once for the gradient, in which each position's softmax − onehot is multiplied by that slope.
/// </summary>
/// <param name="set">The pairs, with what the reference says.</param>
/// <param name="sftWeight">Weight of the mean −log q of the chosen answer's tokens beside it; 0 for none.</param>
internal sealed class PreferenceObjective(PreferenceLoss loss, PreferenceSet set, double sftWeight = 0) : Objective
{
    private static readonly string[] s_parts = ["preference", "accuracy", "margin", "chosen_reward", "rejected_reward"];

    private readonly IReadOnlyList<PairLogProbabilities> _reference =
        set.Reference ?? throw new ArgumentException("the reference was not asked", nameof(set));

    public override string Name => sftWeight > 0 ? $"{loss.Name} + {sftWeight:0.######}*sft" : loss.Name;

    public override IReadOnlyList<string> PartNames { get; } = sftWeight > 0 ? [.. s_parts, "sft"] : s_parts;

    public override bool TakesThreads => true;

    internal override string MetricOf(string part) => part is "preference" or "sft" ? $"loss_{part}" : part;

    protected override ObjectiveSums AccumulateCounted(Decoder student, Batch batch, double scale)
    {
        using var scope = TensorScope.Begin();
        var ids_BT = Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence).On(student.Device);
        var counted = CountedPositions.Of(batch, student.Device);
        var targets_M = counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(student.Device));
        using var pass = Forward(student, batch, ids_BT);
        var width = pass.Hidden.Size(-1);
        var hidden_MD = counted.Rows(pass.Hidden.View(-1, width));
        Tensor gradient_MD;
        double[] sums;
        using (StepProfiler.Enter(StepPhase.Head))
        {
            var weights = new double[hidden_MD.Size(0)];
            sums = Measure(batch, student.Head.Nll(hidden_MD, targets_M).To(DType.Float64).ToArray<double>(), weights);
            gradient_MD = Backward(student.Head, hidden_MD, targets_M, weights, scale);
        }
        using (StepProfiler.Enter(StepPhase.Backward))
            pass.Backward(counted.Spread(gradient_MD).View(batch.Size, batch.Sequence, width), null);
        return new(sums[0] + (sftWeight > 0 ? sftWeight * sums[^1] : 0), sums);
    }

    /// <summary>
    /// The parts, summed over the pairs of a batch, and for each counted position what its softmax − onehot is multiplied by.
    /// </summary>
    /// <param name="nll">−log q of its counted targets.</param>
    /// <param name="weights">Takes the factors, one a counted target; not written where it is empty.</param>
    internal double[] Measure(Batch batch, double[] nll, double[] weights)
    {
        var sums = new double[PartNames.Count];
        set.Each(batch, nll, (pair, policy, chosen, rejected) =>
        {
            var (better, worse) = (policy.Chosen - _reference[pair].Chosen, policy.Rejected - _reference[pair].Rejected);
            var (value, slope) = loss.Of(better - worse, set.Pairs[pair].Reward);
            var length = Math.Max(1, chosen.End.Value - chosen.Start.Value);
            sums[0] += value;
            sums[1] += PreferenceEvaluator.Won(better - worse);
            sums[2] += loss.Beta * (better - worse);
            sums[3] += loss.Beta * better;
            sums[4] += loss.Beta * worse;
            if (sftWeight > 0)
                sums[5] -= policy.Chosen / length;
            if (weights.Length == 0)
                return;
            // The loss falls with the chosen answer's log-probability, and so does softmax − onehot.
            weights.AsSpan(chosen).Fill(-slope + sftWeight / length);
            weights.AsSpan(rejected).Fill(slope);
        });
        return sums;
    }

    private static Tensor Backward(LmHead head, Tensor hidden_MD, Tensor targets_M, double[] weights, double scale)
    {
        var weights_M1 = Tensor.From<double>(weights, weights.Length, 1).On(hidden_MD.Device).To(hidden_MD.DType);
        return head.Backward(hidden_MD, 1, scale, (logits_CV, start, end) =>
        {
            var slope_CV = logits_CV.Widened();
            var losses_C = slope_CV.CrossEntropyInPlace(targets_M.Slice(0, start, end));
            slope_CV.MulInPlace(weights_M1.Slice(0, start, end));
            return (losses_C, slope_CV);
        }).HiddenGradient;
    }

    private static TrainingPass Forward(Decoder student, Batch batch, Tensor ids_BT)
    {
        using var phase = StepProfiler.Enter(StepPhase.Forward);
        return student.Train(ids_BT, null, batch.Places);
    }
}
