using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>(1/V) Σ (s − t)², with gradient 2 (s − t) / V.</summary>
internal readonly unsafe struct SquaredLogitsRow : IRowLoss
{
    public static float Beyond => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var by = TV.All((float)(2.0 / job->N));
        var squares = new WideSums((double*)own);
        for (var i = 0L; i < job->Room; i += TV.Lanes)
        {
            var apart = TV.Load(s + i) - TV.Load(t + i);
            squares.Add(apart * apart);
            (apart * by).Store(s + i);
        }
        return squares.Total() / job->N;
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss)
    {
        var V = student_CV.Size(-1);
        student_CV.SubInPlace(teacher_CV);
        var loss_C = student_CV.Square().Sum([-1]).Mul(1.0 / V);
        student_CV.MulInPlace(2.0 / V);
        return loss_C;
    }
}

/// <summary>
/// 1 − cosine of s and t, with gradient (cos s / |s| − t / |t|) / |s|. Of a row of zeros the loss is 1 and the gradient 0, where the
/// derivative has no limit.
/// </summary>
internal readonly unsafe struct CosineLogitsRow : IRowLoss
{
    public static float Beyond => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>
    {
        var (cosine, toUnitS, toUnitT) = LogitRows.Cosine<TV>(s, t, (double*)own, job->Room);
        TV ofS = TV.All((float)toUnitS), ofT = TV.All((float)toUnitT), along = TV.All((float)cosine);
        for (var i = 0L; i < job->Room; i += TV.Lanes)
            ((TV.Load(s + i) * ofS * along - TV.Load(t + i) * ofT) * ofS).Store(s + i);
        return 1 - cosine;
    }

    public static Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss)
    {
        var unitT_CV = teacher_CV.Div(Lengths(teacher_CV));
        var norm_C1 = Lengths(student_CV);
        student_CV.DivInPlace(norm_C1);
        var cosine_C1 = student_CV.Mul(unitT_CV).Sum([-1], keep: true);
        student_CV.MulInPlace(cosine_C1);
        student_CV.SubInPlace(unitT_CV);
        student_CV.DivInPlace(norm_C1);
        return cosine_C1.Squeeze(-1).Neg().Add(1);
    }

    // Divided by infinity a row of zeros has the direction that it has: none.
    private static Tensor Lengths(Tensor x_CV)
    {
        var norm_C1 = x_CV.Norm([-1], keep: true);
        return norm_C1.MaskedFill(norm_C1.LessOrEqual(0), double.PositiveInfinity);
    }
}
