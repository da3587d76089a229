using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>(1/V) Σ (p − q)², with slope 2 (q − p) / V in q.</summary>
internal readonly unsafe struct SquaredProbabilitiesRow : IRowLoss
{
    public static float Beyond => float.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var n = job->Room;
        var memory = (double*)own;
        var sumS = LogitRows.Exponentials<TV>(s, s, job->Inverse, memory, n);
        var sumT = LogitRows.Exponentials<TV>(t, t, job->Inverse, memory, n);
        TV ofS = TV.All((float)(1 / sumS)), ofT = TV.All((float)(1 / sumT));
        WideSums squares = new(memory), slopes = new(memory + WideSums.Lanes);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            var q = TV.Load(s + i) * ofS;
            var apart = q - TV.Load(t + i) * ofT;
            squares.Add(apart * apart);
            slopes.Add(q * apart);
            q.Store(s + i);
            apart.Store(t + i);
        }
        LogitRows.Slope<TV>(s, t, slopes.Total(), 2.0 / job->N * job->Inverse, n);
        return squares.Total() / job->N;
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss) => RowLossParts.OfProbabilities(
        student_CV, teacher_CV, loss.Temperature, (logP_CV, logQ_CV, q_CV) =>
        {
            var V = q_CV.Size(-1);
            var apart_CV = q_CV.Sub(logP_CV.Exp());
            var loss_C = apart_CV.Square().Sum([-1]).Mul(1.0 / V);
            apart_CV.MulInPlace(2.0 / V);
            return (loss_C, apart_CV);
        });
}

/// <summary>
/// 1 − p·q / (|p| |q|), with slope (cos q / |q| − p / |p|) / |q| in q, whose product with q is 0: no length of q changes the loss.
/// </summary>
internal readonly unsafe struct CosineProbabilitiesRow : IRowLoss
{
    public static float Beyond => float.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var n = job->Room;
        LogitRows.Exponentials<TV>(s, s, job->Inverse, (double*)own, n);
        LogitRows.Exponentials<TV>(t, t, job->Inverse, (double*)own, n);
        var (cosine, toUnitS, toUnitT) = LogitRows.Cosine<TV>(s, t, (double*)own, n);
        TV ofS = TV.All((float)toUnitS), ofT = TV.All((float)toUnitT), along = TV.All((float)cosine), by = TV.All(job->Inverse);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            var unit = TV.Load(s + i) * ofS;
            (unit * (unit * along - TV.Load(t + i) * ofT) * by).Store(s + i);
        }
        return 1 - cosine;
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss) => RowLossParts.OfProbabilities(
        student_CV, teacher_CV, loss.Temperature, (logP_CV, logQ_CV, q_CV) =>
        {
            var unitP_CV = logP_CV.Exp();
            unitP_CV.DivInPlace(unitP_CV.Norm([-1], keep: true));
            var normQ_C1 = q_CV.Norm([-1], keep: true);
            var slope_CV = q_CV.Div(normQ_C1);
            var cosine_C1 = unitP_CV.Mul(slope_CV).Sum([-1], keep: true);
            slope_CV.MulInPlace(cosine_C1);
            slope_CV.SubInPlace(unitP_CV);
            slope_CV.DivInPlace(normQ_C1);
            return (cosine_C1.Squeeze(-1).Neg().Add(1), slope_CV);
        });
}
