using Espalier.Torch.Kernels;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Mamba;

// Shapes: M heads, P channels of a head, G groups, S numbers of a state, C channels, K taps.

/// <summary>
/// What a generated token asks of a Mamba-2 layer, on a few rows, into memory that is there. A row's results have the same bits whatever
/// rows are beside it and whatever the number of threads; rows of one sequence go in their order. A row at position 0 begins with nothing,
/// whatever its slot held.
/// </summary>
internal static unsafe class RowMambaOps
{
    private const string Convolution = "row convolution", Scanning = "row scan", Norms = "row gated norm";

    /// <summary>silu(b + Σ_k w_k x) over a sequence's last K inputs, into x.</summary>
    /// <param name="x">Rows of C.</param>
    /// <param name="weight">K rows of C.</param>
    /// <param name="bias">A row of C, or null.</param>
    /// <param name="state">A row of (K − 1) C for each slot.</param>
    /// <param name="slots">Of each row the slot of its sequence.</param>
    /// <param name="positions">Of each row its position.</param>
    public static void Convolve(
        RowBuffer x, RowBuffer weight, RowBuffer? bias, RowBuffer state, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions)
    {
        var (C, K) = (x.Width, weight.Rows);
        if (weight.Width != C || K < 1 || state.Width != (K - 1) * C || (bias is not null && bias.Width != C))
            throw KernelErrors.Of(Convolution, $"rows of {C}, weights [{K}, {weight.Width}] and states of {state.Width}");
        CheckSlots(Convolution, slots, positions, state);
        if (slots.Length == 0)
            return;
        fixed (int* ofSlots = slots, ofPositions = positions)
        {
            var job = new RowScanKernel.ConvolveJob
            {
                X = x.Of(Convolution, "x", slots.Length),
                Weight = weight.Of(Convolution, "weight", K),
                Bias = bias is null ? null : bias.Of(Convolution, "bias", 1),
                State = state.Of(Convolution, "the states", state.Rows),
                Slots = ofSlots,
                Positions = ofPositions,
                Rows = slots.Length,
                C = C,
                K = K,
            };
            RowScanKernel.Convolve(ref job);
        }
        x.Check();
        state.Check();
    }

    /// <summary>One step of the selective scan, into x.</summary>
    /// <param name="x">Rows of M P.</param>
    /// <param name="in">Rows of G S: B.</param>
    /// <param name="out">Rows of G S: C.</param>
    /// <param name="steps">Rows of M, before bias and softplus.</param>
    /// <param name="weights">Bias of the steps, log(−A) and D, a row of M each.</param>
    /// <param name="sizes">Sizes and bounds.</param>
    /// <param name="state">A row of M S P for each slot.</param>
    /// <param name="slots">Of each row the slot of its sequence.</param>
    /// <param name="positions">Of each row its position.</param>
    public static void Scan(
        RowBuffer x, RowBuffer @in, RowBuffer @out, RowBuffer steps, (RowBuffer StepBias, RowBuffer LogDecay, RowBuffer Skip) weights,
        ScanSizes sizes, RowBuffer state, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions)
    {
        long M = sizes.Heads, P = sizes.HeadDim, S = sizes.StateSize;
        if (x.Width != sizes.Inner || @in.Width != sizes.Shared || @out.Width != sizes.Shared || steps.Width != M
            || state.Width != M * S * P || weights.StepBias.Width != M || weights.LogDecay.Width != M || weights.Skip.Width != M)
            throw KernelErrors.Of(
                Scanning,
                $"rows of {x.Width}, {@in.Width}, {@out.Width} and {steps.Width} with states of {state.Width}, for {M} heads of {P} in "
                    + $"{sizes.Groups} groups with states of {S}");
        CheckSlots(Scanning, slots, positions, state);
        if (slots.Length == 0)
            return;
        fixed (int* ofSlots = slots, ofPositions = positions)
        {
            var job = new RowScanKernel.ScanJob
            {
                X = x.Of(Scanning, "x", slots.Length),
                In = @in.Of(Scanning, "B", slots.Length),
                Out = @out.Of(Scanning, "C", slots.Length),
                Steps = steps.Of(Scanning, "steps", slots.Length),
                Bias = weights.StepBias.Of(Scanning, "bias", 1),
                LogDecay = weights.LogDecay.Of(Scanning, "decays", 1),
                Skip = weights.Skip.Of(Scanning, "D", 1),
                State = state.Of(Scanning, "the states", state.Rows),
                Slots = ofSlots,
                Positions = ofPositions,
                Lowest = (float)sizes.LowestStep,
                Highest = (float)sizes.HighestStep,
                Rows = slots.Length,
                M = M,
                P = P,
                G = sizes.Groups,
                S = S,
            };
            RowScanKernel.Scan(ref job);
        }
        x.Check();
        state.Check();
    }

    /// <summary>The norm of x silu(gate) in groups, times a weight, into x.</summary>
    public static void GatedNorm(RowBuffer x, RowBuffer gate, int rows, RowBuffer weight, int groups, double epsilon)
    {
        if (gate.Width != x.Width || weight.Width != x.Width || groups < 1 || x.Width % groups != 0)
            throw KernelErrors.Of(Norms, $"rows of {x.Width} in {groups} groups, gates of {gate.Width} and a weight of {weight.Width}");
        GatedNormKernel.Run(
            x.Of(Norms, "x", rows), gate.Of(Norms, "the gate", rows), weight.Of(Norms, "weight", 1), rows, x.Width, groups, epsilon);
        x.Check();
    }

    /// <summary>Throws where a row's slot or position is missing.</summary>
    public static void CheckSlots(string kernel, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions, RowBuffer state)
    {
        if (slots.Length != positions.Length)
            throw KernelErrors.Of(kernel, $"{slots.Length} slots and {positions.Length} positions");
        foreach (var slot in slots)
            if ((uint)slot >= state.Rows)
                throw KernelErrors.Of(kernel, $"slot {slot} of {state.Rows}");
    }
}
