using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>The selective scan by our kernels: float32 on the processor.</summary>
internal static unsafe class ScanKernel
{
    private const string Name = "selective_scan";

    /// <summary>y, [B, T, M P].</summary>
    public static Tensor Forward(in ScanInputs of, ScanSizes sizes, Tensor? state)
    {
        Check(of, sizes, state);
        var (x, M) = (of.X, sizes.Heads);
        using var to = Operand.Result(DType.Float32, x.Shape);
        if (x.ElementCount == 0)
            return to.Tensor;
        using var steps = Operand.Own(DType.Float32, 2, x.Size(0), x.Size(1), M);
        using var rates = Operand.Own(DType.Float32, M);
        using Operand input = Operand.InRows(x), @in = Operand.InRows(of.In), @out = Operand.InRows(of.Out), raw = Operand.InRows(of.Steps);
        using Operand bias = Operand.InOrder(of.StepBias), log = Operand.InOrder(of.LogDecay), skip = Operand.InOrder(of.Skip);
        using var begins = of.Begins is null ? Operand.Of(x) : Operand.InOrder(of.Begins);
        using var kept = state is null ? Operand.Of(x) : Operand.Of(state);
        var job = Job(of, sizes, raw, bias, log, rates, steps, begins);
        ScanSteps.Forward(job);
        var p = Problem(job, sizes, input, @in, @out, skip);
        p.State = state is null ? null : kept.Floats;
        p.Output = to.Floats;
        Workers.For(
            0, p.Tasks, 1, Width.Of(&ScanForward.Tasks<Floats512>, &ScanForward.Tasks<Floats256>, &ScanForward.Tasks<Floats128>), &p);
        return to.Tensor;
    }

    /// <summary>The gradients out of that of y.</summary>
    public static ScanGradients Backward(Tensor gradient, in ScanInputs of, ScanSizes sizes)
    {
        Check(of, sizes, null);
        if (gradient.DType != DType.Float32 || !gradient.Shape.SequenceEqual(of.X.Shape))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {Sizes(of.X)}");
        var (x, M) = (of.X, sizes.Heads);
        var (B, T) = (x.Size(0), x.Size(1));
        using Operand toX = Operand.Result(DType.Float32, x.Shape), toIn = Operand.Result(DType.Float32, of.In.Shape);
        using Operand toOut = Operand.Result(DType.Float32, of.Out.Shape), toSteps = Operand.Result(DType.Float32, B, T, M);
        using Operand toBias = Operand.Result(DType.Float32, M), toLog = Operand.Result(DType.Float32, M);
        using var toSkip = Operand.Result(DType.Float32, M);
        var made = new ScanGradients(toX.Tensor, toIn.Tensor, toOut.Tensor, toSteps.Tensor, toBias.Tensor, toLog.Tensor, toSkip.Tensor);
        if (x.ElementCount == 0)
        {
            toIn.Clear();
            toOut.Clear();
            toBias.Clear();
            toLog.Clear();
            toSkip.Clear();
            return made;
        }
        using var steps = Operand.Own(DType.Float32, 2, B, T, M);
        using var rates = Operand.Own(DType.Float32, M);
        using var sums = Operand.Own(DType.Float64, B, M, 2);
        using Operand input = Operand.InRows(x), @in = Operand.InRows(of.In), @out = Operand.InRows(of.Out), raw = Operand.InRows(of.Steps);
        using Operand bias = Operand.InOrder(of.StepBias), log = Operand.InOrder(of.LogDecay), skip = Operand.InOrder(of.Skip);
        using Operand slope = Operand.InOrder(gradient), begins = of.Begins is null ? Operand.Of(x) : Operand.InOrder(of.Begins);
        var job = Job(of, sizes, raw, bias, log, rates, steps, begins);
        ScanSteps.Forward(job);
        var p = Problem(job, sizes, input, @in, @out, skip);
        // What several blocks of heads give to B and C is added up in order.
        var blocks = p.Blocks > 1 ? p.Blocks : 0;
        using Operand inParts = Operand.Own(DType.Float32, blocks, toIn.Tensor.ElementCount);
        using Operand outParts = Operand.Own(DType.Float32, blocks, toOut.Tensor.ElementCount);
        p.Slope = slope.Floats;
        p.ToInput = toX.Floats;
        p.ToIn = blocks == 0 ? toIn.Floats : inParts.Floats;
        p.ToOut = blocks == 0 ? toOut.Floats : outParts.Floats;
        p.ToSteps = toSteps.Floats;
        p.Sums = sums.Doubles;
        Workers.For(
            0, p.Tasks, 1, Width.Of(&ScanBackward.Tasks<Floats512>, &ScanBackward.Tasks<Floats256>, &ScanBackward.Tasks<Floats128>), &p);
        if (blocks > 0)
        {
            PartSums.AddUp(inParts.Floats, blocks, toIn.Tensor.ElementCount, toIn.Floats);
            PartSums.AddUp(outParts.Floats, blocks, toOut.Tensor.ElementCount, toOut.Floats);
        }
        job.Slopes = toSteps.Floats;
        ScanSteps.Backward(job, toBias.Floats);
        for (var m = 0L; m < M; m++)
        {
            double ofRate = 0, ofSkip = 0;
            for (var b = 0L; b < B; b++)
                (ofRate, ofSkip) = (ofRate + p.Sums[(b * M + m) * 2], ofSkip + p.Sums[(b * M + m) * 2 + 1]);
            // A = −exp(log).
            (toLog.Floats[m], toSkip.Floats[m]) = ((float)(ofRate * p.Rates[m]), (float)ofSkip);
        }
        return made;
    }

    private static StepJob Job(
        in ScanInputs of, ScanSizes sizes, in Operand raw, in Operand bias, in Operand log, in Operand rates, in Operand steps,
        in Operand begins) =>
        ScanSteps.Job(RowView.Of(raw), bias, log, rates, steps, of.Begins is null ? null : begins.Longs, of.Steps.Shape) with
        {
            Lowest = (float)sizes.LowestStep,
            Highest = (float)sizes.HighestStep,
        };

    private static ScanProblem Problem(
        in StepJob job, ScanSizes sizes, in Operand input, in Operand @in, in Operand @out, in Operand skip) => new()
        {
            Input = RowView.Of(input),
            In = RowView.Of(@in),
            Out = RowView.Of(@out),
            Steps = job.Steps,
            Decays = job.Decays,
            Rates = job.Rates,
            Skip = skip.Floats,
            B = job.B,
            T = job.T,
            M = job.M,
            P = sizes.HeadDim,
            G = sizes.Groups,
            S = sizes.StateSize,
        };

    private static void Check(in ScanInputs of, ScanSizes sizes, Tensor? state)
    {
        var (M, P, G, S) = (sizes.Heads, sizes.HeadDim, sizes.Groups, sizes.StateSize);
        if (M < 1 || P < 1 || G < 1 || S < 1 || M % G != 0)
            throw Of(Name, $"{M} heads of {P} in {G} groups with states of {S}: all at least one, and groups must divide heads");
        if (of.X.Dimensions != 3)
            throw Of(Name, $"x has {of.X.Dimensions} dimensions; it must be [samples, positions, channels]");
        var (B, T) = (of.X.Size(0), of.X.Size(1));
        Must(Name, "x", of.X, DType.Float32, B, T, M * P);
        Must(Name, "B", of.In, DType.Float32, B, T, G * S);
        Must(Name, "C", of.Out, DType.Float32, B, T, G * S);
        Must(Name, "the steps", of.Steps, DType.Float32, B, T, M);
        Must(Name, "the steps' bias", of.StepBias, DType.Float32, M);
        Must(Name, "the logarithm of the decay", of.LogDecay, DType.Float32, M);
        Must(Name, "what skips", of.Skip, DType.Float32, M);
        if (of.Begins is { } begins)
            Must(Name, "the documents' beginnings", begins, DType.Int64, B, T);
        if (state is null)
            return;
        Must(Name, "the state", state, DType.Float32, B, M, S, P);
        if (!state.IsContiguous || of.Begins is not null)
            throw Of(Name, "a state must be contiguous and continue one text per row");
    }
}
