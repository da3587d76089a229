using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>Backwards of operators that go element by element; inputs may have been broadcast.</summary>
internal static class ElementRules
{
    private static readonly Backward s_cast = static (node, g, into) => into[0] = node.FormOf(0)!.Value.Cast(g);

    // The alpha stands at argument 2.
    public static Backward Add(ref Recording call)
    {
        if (call.IsNumber(1))
            return Cast(ref call);
        call.Node.Note(call.Form(0));
        call.Node.Note(call.Form(1));
        call.Node.Number = call.Number(2, 1);
        return static (node, g, into) =>
        {
            into[0] = node.FormOf(0)?.Of(g);
            into[1] = node.FormOf(1)?.Of(Times(g, node.Number));
        };
    }

    public static Backward Mul(ref Recording call)
    {
        if (call.IsNumber(1))
            return MulNumber(call.FormOf(0), call.Number(1, 1));
        var (a, b) = (call.Form(0), call.Form(1));
        var (x, y) = (call.Keep(0, b is not null), call.Keep(1, a is not null));
        return (_, g, into) =>
        {
            into[0] = a?.Of(g.Mul(y.Value));
            into[1] = b?.Of(g.Mul(x.Value));
        };
    }

    public static Backward Div(ref Recording call)
    {
        if (call.IsNumber(1))
            return DivNumber(call.FormOf(0), call.Number(1, 1));
        var (a, b) = (call.Form(0), call.Form(1));
        var (divisor, quotient) = (call.Keep(1), b is null ? default : call.Keep(call.Result));
        return (_, g, into) =>
        {
            var slope = g.Div(divisor.Value);
            into[0] = a?.Of(slope);
            into[1] = b?.Of(slope.Mul(quotient.Value).Neg());
        };
    }

    public static Backward Neg(ref Recording call) => (_, g, into) => into[0] = g.Neg();

    public static Backward Exp(ref Recording call) => From(call.Keep(call.Result), static (g, y) => g.Mul(y));

    public static Backward Log(ref Recording call) => From(call.Keep(0), static (g, x) => g.Div(x));

    public static Backward Sqrt(ref Recording call) => From(call.Keep(call.Result), static (g, y) => g.Div(y.Mul(2)));

    public static Backward Rsqrt(ref Recording call) => From(call.Keep(call.Result), static (g, y) => g.Mul(-0.5).Mul(y.Square().Mul(y)));

    public static Backward Abs(ref Recording call) => From(call.Keep(0), static (g, x) => g.Mul(BackwardOps.Sign.Call(x)));

    public static Backward Square(ref Recording call) => From(call.Keep(0), static (g, x) => g.Mul(x.Mul(2)));

    public static Backward Tanh(ref Recording call) => From(call.Keep(call.Result), static (g, y) => g.Mul(y.Square().Neg().Add(1)));

    public static Backward Silu(ref Recording call) => From(call.Keep(0), static (g, x) => BackwardOps.Silu.Call(g, x));

    // 0 at 0, as libtorch has it; the result's sign is 1 where the input was above.
    public static Backward Relu(ref Recording call) => From(call.Keep(call.Result), static (g, y) => g.Mul(BackwardOps.Sign.Call(y)));

    // d log(e^a + e^b)/da = 1 / (1 + e^(b - a)), which cannot overflow to NaN.
    public static Backward LogAddExp(ref Recording call)
    {
        var (a, b) = (call.Form(0), call.Form(1));
        var (x, y) = (call.Keep(0), call.Keep(1));
        return (_, g, into) =>
        {
            into[0] = a?.Of(g.Div(y.Value.Sub(x.Value).Exp().Add(1)));
            into[1] = b?.Of(g.Div(x.Value.Sub(y.Value).Exp().Add(1)));
        };
    }

    public static Backward MaskedFill(ref Recording call)
    {
        var (a, mask) = (call.FormOf(0), call.Keep(1));
        return (_, g, into) => into[0] = a.Of(g.MaskedFill(mask.Value, 0));
    }

    /// <summary>Copies and casts: the gradient in the input's type; none where the result is not of floating-point numbers.</summary>
    public static Backward? Same(ref Recording call) => call.Result.DType.IsFloatingPoint() ? Cast(ref call) : null;

    private static Backward Cast(ref Recording call)
    {
        call.Node.Note(call.FormOf(0));
        return s_cast;
    }

    // What they capture is theirs alone: a product of tensors has none of it.
    private static Backward MulNumber(Form a, double factor) => (_, g, into) => into[0] = a.Cast(g.Mul(factor));

    private static Backward DivNumber(Form a, double divisor) => (_, g, into) => into[0] = a.Cast(g.Div(divisor));

    // By the one tensor that is kept.
    private static Backward From(Kept kept, Func<Tensor, Tensor, Tensor> slope) => (_, g, into) => into[0] = slope(g, kept.Value);

    private static Tensor Times(Tensor g, double scale) => scale == 1 ? g : scale == -1 ? g.Neg() : g.Mul(scale);
}
