using Espalier.Torch.Kernels;
using Espalier.Torch.Mamba;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

// Shapes: M value heads, P channels of one, G key heads, S channels of one.

/// <summary>
/// What a generated token asks of the gated delta rule, on a few rows, into memory that is there. A row's results have the same bits
/// whatever rows are beside it and whatever the number of threads; rows of one sequence go in their order. A row at position 0 begins with
/// nothing, whatever its slot held.
/// </summary>
internal static unsafe class RowDeltaOps
{
    private const string Name = "row delta rule";

    /// <summary>One step of <see cref="DeltaOperators.DeltaScan"/>, into v.</summary>
    /// <param name="v">Rows of M P.</param>
    /// <param name="k">Rows of G S, not yet one long.</param>
    /// <param name="q">Rows of G S, not yet one long.</param>
    /// <param name="strengths">Rows of M, before the sigmoid.</param>
    /// <param name="steps">Rows of M, before bias and softplus.</param>
    /// <param name="weights">Bias of the steps and log(−A), a row of M each.</param>
    /// <param name="sizes">Sizes.</param>
    /// <param name="state">A row of M S P for each slot.</param>
    /// <param name="slots">Of each row the slot of its sequence.</param>
    /// <param name="positions">Of each row its position.</param>
    public static void Scan(
        RowBuffer v, RowBuffer k, RowBuffer q, RowBuffer strengths, RowBuffer steps, (RowBuffer StepBias, RowBuffer LogDecay) weights,
        ScanSizes sizes, RowBuffer state, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions)
    {
        long M = sizes.Heads, P = sizes.HeadDim, S = sizes.StateSize;
        if (v.Width != sizes.Inner || k.Width != sizes.Shared || q.Width != sizes.Shared || strengths.Width != M || steps.Width != M
            || state.Width != M * S * P || weights.StepBias.Width != M || weights.LogDecay.Width != M)
            throw KernelErrors.Of(
                Name,
                $"rows of {v.Width}, {k.Width}, {q.Width}, {strengths.Width} and {steps.Width} with states of {state.Width}, for {M} value "
                    + $"heads of {P} and {sizes.Groups} key heads of {S}");
        RowMambaOps.CheckSlots(Name, slots, positions, state);
        if (slots.Length == 0)
            return;
        fixed (int* ofSlots = slots, ofPositions = positions)
        {
            var job = new RowDeltaKernel.Job
            {
                V = v.Of(Name, "v", slots.Length),
                K = k.Of(Name, "k", slots.Length),
                Q = q.Of(Name, "q", slots.Length),
                Strengths = strengths.Of(Name, "strengths", slots.Length),
                Steps = steps.Of(Name, "steps", slots.Length),
                Bias = weights.StepBias.Of(Name, "bias", 1),
                LogDecay = weights.LogDecay.Of(Name, "decays", 1),
                State = state.Of(Name, "the states", state.Rows),
                Slots = ofSlots,
                Positions = ofPositions,
                Rows = slots.Length,
                M = M,
                P = P,
                G = sizes.Groups,
                S = S,
            };
            RowDeltaKernel.Run(ref job);
        }
        v.Check();
        state.Check();
    }
}
