using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>What goes element by element, and the softmaxes.</summary>
public static class ElementOperators
{
    /// <summary>x + scale · other, broadcast.</summary>
    public static Tensor Add(this Tensor x, Tensor other, double scale = 1) => Ops.Add.Call(x, other, scale);

    /// <summary>x + value.</summary>
    public static Tensor Add(this Tensor x, double value) => Ops.Add.Call(x, value);

    /// <summary>x − other, broadcast.</summary>
    public static Tensor Sub(this Tensor x, Tensor other) => x.Add(other, -1);

    /// <summary>x · other element by element, broadcast.</summary>
    public static Tensor Mul(this Tensor x, Tensor other) => Ops.Mul.Call(x, other);

    /// <summary>x · value.</summary>
    public static Tensor Mul(this Tensor x, double value) => Ops.Mul.Call(x, value);

    /// <summary>x / other element by element, broadcast.</summary>
    public static Tensor Div(this Tensor x, Tensor other) => Ops.Div.Call(x, other);

    /// <summary>x / value.</summary>
    public static Tensor Div(this Tensor x, double value) => Ops.Div.Call(x, value);

    /// <summary>−x.</summary>
    public static Tensor Neg(this Tensor x) => Ops.Neg.Call(x);

    /// <summary>e^x.</summary>
    public static Tensor Exp(this Tensor x) => Ops.Exp.Call(x);

    /// <summary>Natural logarithm.</summary>
    public static Tensor Log(this Tensor x) => Ops.Log.Call(x);

    /// <summary>Square root.</summary>
    public static Tensor Sqrt(this Tensor x) => Ops.Sqrt.Call(x);

    /// <summary>1 / square root.</summary>
    public static Tensor Rsqrt(this Tensor x) => Ops.Rsqrt.Call(x);

    /// <summary>Absolute value.</summary>
    public static Tensor Abs(this Tensor x) => Ops.Abs.Call(x);

    /// <summary>x².</summary>
    public static Tensor Square(this Tensor x) => Ops.Square.Call(x);

    /// <summary>Hyperbolic tangent.</summary>
    public static Tensor Tanh(this Tensor x) => Ops.Tanh.Call(x);

    /// <summary>x · value, and x itself where the value is 1.</summary>
    public static Tensor Times(this Tensor x, double value) => value == 1 ? x : x.Mul(value);

    /// <summary>cap · tanh(x / cap): the soft cap of Gemma-2.</summary>
    public static Tensor Capped(this Tensor x, double cap) => x.Div(cap).Tanh().Mul(cap);

    /// <summary>The derivative of <see cref="Capped"/> out of what it gave, 1 − (x / cap)².</summary>
    public static Tensor CapSlope(this Tensor x, double cap) => x.Div(cap).Square().Neg().Add(1);

    /// <summary>x · sigmoid(x).</summary>
    public static Tensor Silu(this Tensor x) => Ops.Silu.Call(x);

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(this Tensor x) => Ops.Relu.Call(x);

    /// <summary>Softmax over a dimension.</summary>
    public static Tensor Softmax(this Tensor x, int dimension) => Ops.Softmax.Call(x, dimension);

    /// <summary>Logarithm of the softmax over a dimension.</summary>
    public static Tensor LogSoftmax(this Tensor x, int dimension) => Ops.LogSoftmax.Call(x, dimension);

    /// <summary>log Σ exp over a dimension.</summary>
    public static Tensor LogSumExp(this Tensor x, int dimension, bool keep = false) => Ops.LogSumExp.Call(x, Shapes.Of([dimension]), keep);

    /// <summary>log (e^x + e^other), broadcast.</summary>
    public static Tensor LogAddExp(this Tensor x, Tensor other) => Ops.LogAddExp.Call(x, other);

    /// <summary>Values of x where the mask (Bool) is false, <paramref name="value"/> elsewhere.</summary>
    public static Tensor MaskedFill(this Tensor x, Tensor mask, double value) => Ops.MaskedFill.Call(x, mask, value);

    /// <summary>Bool tensor: x below value.</summary>
    public static Tensor Less(this Tensor x, double value) => Ops.Less.Call(x, value);

    /// <summary>Bool tensor: x at most value.</summary>
    public static Tensor LessOrEqual(this Tensor x, double value) => Ops.LessOrEqual.Call(x, value);
}
