using Espalier.Torch.Dispatch;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>How gradient goes through each operator.</summary>
internal static class OperatorRules
{
    /// <summary>Gives all operators their rules. Before there is a tensor that wants a gradient nobody asks for them.</summary>
    public static void Give()
    {
        Give(Ops.To, ElementRules.Same);
        Give(Ops.Clone, ElementRules.Same);
        Give(MemoryOps.Contiguous, ElementRules.Same);
        Give(Ops.Add, ElementRules.Add);
        Give(Ops.Mul, ElementRules.Mul);
        Give(Ops.Div, ElementRules.Div);
        Give(Ops.Neg, ElementRules.Neg);
        Give(Ops.Exp, ElementRules.Exp);
        Give(Ops.Log, ElementRules.Log);
        Give(Ops.Sqrt, ElementRules.Sqrt);
        Give(Ops.Rsqrt, ElementRules.Rsqrt);
        Give(Ops.Abs, ElementRules.Abs);
        Give(Ops.Square, ElementRules.Square);
        Give(Ops.Tanh, ElementRules.Tanh);
        Give(Ops.Silu, ElementRules.Silu);
        Give(Ops.Relu, ElementRules.Relu);
        Give(Ops.MatMul, ProductRules.MatMul);
        Give(Ops.Linear, ProductRules.Linear);
        Give(Ops.Softmax, ReductionRules.Softmax);
        Give(Ops.LogSoftmax, ReductionRules.LogSoftmax);
        Give(Ops.LogAddExp, ElementRules.LogAddExp);
        Give(Ops.LogSumExp, ReductionRules.LogSumExp);
        Give(Ops.MaskedFill, ElementRules.MaskedFill);
        Give(Ops.Embedding, ShapeRules.Embedding);
        Give(MemoryOps.View, ShapeRules.Reshape);
        Give(Ops.Reshape, ShapeRules.Reshape);
        Give(Ops.Transpose, ShapeRules.Transpose);
        Give(Ops.Permute, ShapeRules.Permute);
        Give(Ops.Unsqueeze, ShapeRules.Reshape);
        Give(Ops.Squeeze, ShapeRules.Reshape);
        Give(Ops.Expand, ShapeRules.Expand);
        Give(MemoryOps.Slice, ShapeRules.Slice);
        Give(Ops.Select, ShapeRules.Select);
        Give(Ops.IndexSelect, ShapeRules.IndexSelect);
        Give(Ops.Gather, ShapeRules.Gather);
        Give(Ops.Cat, ShapeRules.Cat);
        Give(Ops.Stack, ShapeRules.Stack);
        Give(Ops.Triu, ShapeRules.Triu);
        Give(Ops.Sum, ReductionRules.Sum);
        Give(Ops.Mean, ReductionRules.Mean);
        Give(Ops.Norm, ReductionRules.Norm);
        Give(Ops.TopK, ShapeRules.TopK);
        Give(Ops.Sort, ShapeRules.Sort);
        Give(Ops.CumSum, ReductionRules.CumSum);
        Give(
            Rule.None,
            Ops.IsFinite, Ops.ArgMax, Ops.All, MemoryOps.ViewAs, Ops.Less, Ops.LessOrEqual);
        Give(
            Rule.Below,
            Ops.Attention, Ops.FlashAttention, Ops.FusedRmsNorm, Ops.NativeLayerNorm);
        Give(
            Rule.Writes,
            Ops.MulIn, Ops.DivIn, Ops.ZeroIn, Ops.FillIn, Ops.CopyIn, Ops.ExpIn, Ops.LerpIn, Ops.FusedAdamW, Ops.ScatterAddIn,
            Ops.ScatterIn);
        Give(Rule.ShiftsInPlace, Ops.AddIn);
    }

    private static void Give(Op op, Derivative derivative) => op.Rule = new DerivativeRule(derivative);

    private static void Give(Rule rule, params ReadOnlySpan<Op> operators)
    {
        foreach (var op in operators)
            op.Rule = rule;
    }
}
