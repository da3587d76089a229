using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>
/// KL(q, p) = Σ q (log q − log p). With d = (s − top) / τ − (t − top) / τ, which is log q − log p up to a constant: Σ q d and the
/// constant, with gradient q (d − Σ q d) / τ.
/// </summary>
internal readonly unsafe struct ReverseKlRow : IRowLoss
{
    public static float Beyond => float.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var n = job->Room;
        TV by = TV.All(job->Inverse), zero = TV.All(0), shiftS = TV.All(LogitRows.Top<TV>(s, n)), shiftT = TV.All(LogitRows.Top<TV>(t, n));
        var memory = (double*)own;
        WideSums ofS = new(memory), ofT = new(memory + WideSums.Lanes), along = new(memory + 2 * WideSums.Lanes);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            TV a = (TV.Load(s + i) - shiftS) * by, b = (TV.Load(t + i) - shiftT) * by;
            TV eS = TV.Exponential(a), eT = TV.Exponential(b);
            // 0 · log 0 counts as 0.
            var d = TV.WhereAbove(eS, zero, a - b, eS);
            eS.Store(s + i);
            d.Store(t + i);
            ofS.Add(eS);
            ofT.Add(eT);
            along.Add(eS * d);
        }
        var (sumS, sumT) = (ofS.Total(), ofT.Total());
        var mean = along.Total() / sumS;
        LogitRows.Slope<TV>(s, t, mean, job->Inverse / sumS, n);
        return mean - Math.Log(sumS) + Math.Log(sumT);
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss) => RowLossParts.OfProbabilities(
        student_CV, teacher_CV, loss.Temperature, (logP_CV, logQ_CV, q_CV) =>
        {
            logQ_CV.SubInPlace(logP_CV);
            var slope_CV = logQ_CV.MaskedFill(q_CV.LessOrEqual(0), 0);
            return (q_CV.Mul(slope_CV).Sum([-1]), slope_CV);
        });
}
