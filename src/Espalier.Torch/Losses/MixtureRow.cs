using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>
/// A KL(p, m) + B KL(q, m) with m = α p + (1 − α) q: Jensen-Shannon and the skewed ones. With D = log (α p / ((1 − α) q)), w = α p / m and
/// L = log(1 + e^−|D|): log(p/m) = min(0, D) − L − log α, log(q/m) = −max(0, D) − L − log(1 − α), and the slope in q is B log(q/m) + (B −
/// A (1 − α) / α) w up to a constant.
/// </summary>
internal readonly unsafe struct MixtureRow : IRowLoss
{
    public static float Beyond => float.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var n = job->Room;
        var (share, A, B) = (job->Share, job->OfTeacher, job->OfStudent);
        float* x = own, y = own + n;
        var memory = (double*)(own + 2 * n);
        var sumS = LogitRows.Exponentials<TV>(s, x, job->Inverse, memory, n);
        var sumT = LogitRows.Exponentials<TV>(t, y, job->Inverse, memory, n);
        var (logS, logT) = (Math.Log(sumS), Math.Log(sumT));

        TV apart = TV.All((float)(Math.Log(share) - Math.Log(1 - share) + logS - logT)), zero = TV.All(0), one = TV.All(1);
        TV ofStudent = TV.All((float)-B), ofShare = TV.All((float)(B - A * (1 - share) / share));
        WideSums ofP = new(memory), ofQ = new(memory + WideSums.Lanes), slopes = new(memory + 2 * WideSums.Lanes);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            TV eS = TV.Load(x + i), eT = TV.Load(y + i);
            var d = TV.Load(t + i) - TV.Load(s + i) + apart;
            TV above = TV.Larger(d, zero), below = zero - TV.Larger(zero - d, zero);
            var e = TV.Exponential(below - above);
            var log = Series.LogOnePlus(e);
            var w = TV.WhereAbove(d, zero, one, e) / (one + e);
            // 0 · log 0 counts as 0.
            ofP.Add(TV.WhereAbove(eT, zero, eT * (below - log), eT));
            ofQ.Add(TV.WhereAbove(eS, zero, eS * (above + log), eS));
            var slope = TV.WhereAbove(eS, zero, TV.MultiplyAdd(ofShare, w, ofStudent * (above + log)), eS);
            slopes.Add(eS * slope);
            eS.Store(s + i);
            slope.Store(t + i);
        }
        LogitRows.Slope<TV>(s, t, slopes.Total() / sumS, job->Inverse / sumS, n);
        return A * (ofP.Total() / sumT - Math.Log(share)) - B * (ofQ.Total() / sumS + Math.Log(1 - share));
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss) => RowLossParts.OfProbabilities(
        student_CV, teacher_CV, loss.Temperature, (logP_CV, logQ_CV, q_CV) =>
        {
            var (share, A, B) = (loss.TeacherShare, loss.OfTeacher, loss.OfStudent);
            var logM_CV = logP_CV.Add(Math.Log(share)).LogAddExp(logQ_CV.Add(Math.Log(1 - share)));
            var p_CV = logP_CV.Exp();
            var overP_CV = logP_CV.Sub(logM_CV).MaskedFill(p_CV.LessOrEqual(0), 0);
            var overQ_CV = logQ_CV.Sub(logM_CV).MaskedFill(q_CV.LessOrEqual(0), 0);
            var loss_C = p_CV.Mul(overP_CV).Sum([-1]).Mul(A).Add(q_CV.Mul(overQ_CV).Sum([-1]), B);
            overQ_CV.MulInPlace(B);
            overQ_CV.AddInPlace(logP_CV.Sub(logM_CV).Exp(), share * B - A * (1 - share));
            return (loss_C, overQ_CV.MaskedFill(q_CV.LessOrEqual(0), 0));
        });
}
