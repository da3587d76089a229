using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba;
using Espalier.Torch.Mamba.Scan;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Delta;

/// <summary>The gated delta rule by our kernels: float32 on the processor.</summary>
internal static unsafe class DeltaKernel
{
    private const string Name = "gated_delta_rule";

    /// <summary>y, [B, T, M P].</summary>
    public static Tensor Forward(in DeltaInputs of, ScanSizes sizes, Tensor? state)
    {
        Check(of, sizes, state);
        var (v, M) = (of.Values, sizes.Heads);
        using var to = Operand.Result(DType.Float32, v.Shape);
        if (v.ElementCount == 0)
            return to.Tensor;
        using var steps = Operand.Own(DType.Float32, 2, v.Size(0), v.Size(1), M);
        using var rates = Operand.Own(DType.Float32, M);
        using Operand queries = Operand.InRows(of.Queries), keys = Operand.InRows(of.Keys), values = Operand.InRows(v);
        using Operand strengths = Operand.InRows(of.Strengths), raw = Operand.InRows(of.Steps);
        using Operand bias = Operand.InOrder(of.StepBias), log = Operand.InOrder(of.LogDecay);
        using var begins = of.Begins is null ? Operand.Of(v) : Operand.InOrder(of.Begins);
        using var kept = state is null ? Operand.Of(v) : Operand.Of(state);
        var job = Job(of, raw, bias, log, rates, steps, begins);
        ScanSteps.Forward(job);
        var p = Problem(job, sizes, queries, keys, values, strengths);
        p.State = state is null ? null : kept.Floats;
        p.Output = to.Floats;
        Workers.For(
            0, p.Tasks, 1, Width.Of(&DeltaForward.Tasks<Floats512>, &DeltaForward.Tasks<Floats256>, &DeltaForward.Tasks<Floats128>), &p);
        return to.Tensor;
    }

    /// <summary>The gradients out of that of y.</summary>
    public static DeltaGradients Backward(Tensor gradient, in DeltaInputs of, ScanSizes sizes)
    {
        Check(of, sizes, null);
        if (gradient.DType != DType.Float32 || !gradient.Shape.SequenceEqual(of.Values.Shape))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} but v is {Sizes(of.Values)}");
        var (v, M) = (of.Values, sizes.Heads);
        var (B, T) = (v.Size(0), v.Size(1));
        using Operand toQueries = Operand.Result(DType.Float32, of.Queries.Shape), toKeys = Operand.Result(DType.Float32, of.Keys.Shape);
        using Operand toValues = Operand.Result(DType.Float32, v.Shape), toStrengths = Operand.Result(DType.Float32, B, T, M);
        using var toSteps = Operand.Result(DType.Float32, B, T, M);
        using Operand toBias = Operand.Result(DType.Float32, M), toLog = Operand.Result(DType.Float32, M);
        var made = new DeltaGradients(
            toQueries.Tensor, toKeys.Tensor, toValues.Tensor, toStrengths.Tensor, toSteps.Tensor, toBias.Tensor, toLog.Tensor);
        if (v.ElementCount == 0)
        {
            toBias.Clear();
            toLog.Clear();
            return made;
        }
        using var steps = Operand.Own(DType.Float32, 2, B, T, M);
        using var rates = Operand.Own(DType.Float32, M);
        using var sums = Operand.Own(DType.Float64, B, M);
        using Operand queries = Operand.InRows(of.Queries), keys = Operand.InRows(of.Keys), values = Operand.InRows(v);
        using Operand strengths = Operand.InRows(of.Strengths), raw = Operand.InRows(of.Steps);
        using Operand bias = Operand.InOrder(of.StepBias), log = Operand.InOrder(of.LogDecay);
        using Operand slope = Operand.InOrder(gradient), begins = of.Begins is null ? Operand.Of(v) : Operand.InOrder(of.Begins);
        var job = Job(of, raw, bias, log, rates, steps, begins);
        ScanSteps.Forward(job);
        var p = Problem(job, sizes, queries, keys, values, strengths);
        // What several blocks of heads give to queries and keys is added up in order.
        var blocks = p.Blocks > 1 ? p.Blocks : 0;
        using Operand queryParts = Operand.Own(DType.Float32, blocks, toQueries.Tensor.ElementCount);
        using Operand keyParts = Operand.Own(DType.Float32, blocks, toKeys.Tensor.ElementCount);
        p.Slope = slope.Floats;
        p.ToQueries = blocks == 0 ? toQueries.Floats : queryParts.Floats;
        p.ToKeys = blocks == 0 ? toKeys.Floats : keyParts.Floats;
        p.ToValues = toValues.Floats;
        p.ToStrengths = toStrengths.Floats;
        p.ToSteps = toSteps.Floats;
        p.Sums = sums.Doubles;
        Workers.For(
            0, p.Tasks, 1, Width.Of(&DeltaBackward.Tasks<Floats512>, &DeltaBackward.Tasks<Floats256>, &DeltaBackward.Tasks<Floats128>), &p);
        if (blocks > 0)
        {
            PartSums.AddUp(queryParts.Floats, blocks, toQueries.Tensor.ElementCount, toQueries.Floats);
            PartSums.AddUp(keyParts.Floats, blocks, toKeys.Tensor.ElementCount, toKeys.Floats);
        }
        job.Slopes = toSteps.Floats;
        ScanSteps.Backward(job, toBias.Floats);
        for (var m = 0L; m < M; m++)
        {
            var ofRate = 0.0;
            for (var b = 0L; b < B; b++)
                ofRate += p.Sums[b * M + m];
            // A = −exp(log).
            toLog.Floats[m] = (float)(ofRate * p.Rates[m]);
        }
        return made;
    }

    private static StepJob Job(
        in DeltaInputs of, in Operand raw, in Operand bias, in Operand log, in Operand rates, in Operand steps, in Operand begins) =>
        ScanSteps.Job(RowView.Of(raw), bias, log, rates, steps, of.Begins is null ? null : begins.Longs, of.Steps.Shape);

    private static DeltaProblem Problem(
        in StepJob job, ScanSizes sizes, in Operand queries, in Operand keys, in Operand values, in Operand strengths) => new()
        {
            Queries = RowView.Of(queries),
            Keys = RowView.Of(keys),
            Values = RowView.Of(values),
            Strengths = RowView.Of(strengths),
            Steps = job.Steps,
            Decays = job.Decays,
            Rates = job.Rates,
            B = job.B,
            T = job.T,
            M = job.M,
            P = sizes.HeadDim,
            G = sizes.Groups,
            S = sizes.StateSize,
        };

    private static void Check(in DeltaInputs of, ScanSizes sizes, Tensor? state)
    {
        var (M, P, G, S) = (sizes.Heads, sizes.HeadDim, sizes.Groups, sizes.StateSize);
        if (M < 1 || P < 1 || G < 1 || S < 1 || M % G != 0)
            throw Of(Name, $"{M} value heads of {P} and {G} key heads of {S}: all at least one, and key heads must divide value heads");
        if (of.Values.Dimensions != 3)
            throw Of(Name, $"v has {of.Values.Dimensions} dimensions; it must be [samples, positions, channels]");
        var (B, T) = (of.Values.Size(0), of.Values.Size(1));
        Must(Name, "v", of.Values, DType.Float32, B, T, M * P);
        Must(Name, "q", of.Queries, DType.Float32, B, T, G * S);
        Must(Name, "k", of.Keys, DType.Float32, B, T, G * S);
        Must(Name, "b", of.Strengths, DType.Float32, B, T, M);
        Must(Name, "the steps", of.Steps, DType.Float32, B, T, M);
        Must(Name, "the steps' bias", of.StepBias, DType.Float32, M);
        Must(Name, "the logarithm of the decay", of.LogDecay, DType.Float32, M);
        if (of.Begins is { } begins)
            Must(Name, "the documents' beginnings", begins, DType.Int64, B, T);
        if (state is null)
            return;
        Must(Name, "the state", state, DType.Float32, B, M, S, P);
        if (!state.IsContiguous || of.Begins is not null)
            throw Of(Name, "a state must be contiguous and continue one text per row");
    }
}
