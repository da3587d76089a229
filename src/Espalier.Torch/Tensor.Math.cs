using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>this + scale · other, broadcast.</summary>
    public Tensor Add(Tensor other, double scale = 1) => Ops.Add.Call(this, other, scale);

    /// <summary>this + value.</summary>
    public Tensor Add(double value) => Ops.AddScalar.Call(this, value);

    /// <summary>this − other, broadcast.</summary>
    public Tensor Sub(Tensor other) => Ops.Sub.Call(this, other);

    /// <summary>this · other element by element, broadcast.</summary>
    public Tensor Mul(Tensor other) => Ops.Mul.Call(this, other);

    /// <summary>this · value.</summary>
    public Tensor Mul(double value) => Ops.MulScalar.Call(this, value);

    /// <summary>this / other element by element, broadcast.</summary>
    public Tensor Div(Tensor other) => Ops.Div.Call(this, other);

    /// <summary>this / value.</summary>
    public Tensor Div(double value) => Ops.DivScalar.Call(this, value);

    /// <summary>−this.</summary>
    public Tensor Neg() => Ops.Neg.Call(this);

    /// <summary>e^this.</summary>
    public Tensor Exp() => Ops.Exp.Call(this);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => Ops.Log.Call(this);

    /// <summary>Square root.</summary>
    public Tensor Sqrt() => Ops.Sqrt.Call(this);

    /// <summary>1 / square root.</summary>
    public Tensor Rsqrt() => Ops.Rsqrt.Call(this);

    /// <summary>Absolute value.</summary>
    public Tensor Abs() => Ops.Abs.Call(this);

    /// <summary>this².</summary>
    public Tensor Square() => Ops.Square.Call(this);

    /// <summary>Hyperbolic tangent.</summary>
    public Tensor Tanh() => Ops.Tanh.Call(this);

    /// <summary>this · value, and this itself where the value is 1.</summary>
    public Tensor Times(double value) => value == 1 ? this : Mul(value);

    /// <summary>cap · tanh(this / cap): the soft cap of Gemma-2.</summary>
    public Tensor Capped(double cap) => Div(cap).Tanh().Mul(cap);

    /// <summary>The derivative of <see cref="Capped"/> out of what it gave, 1 − (this / cap)².</summary>
    public Tensor CapSlope(double cap) => Div(cap).Square().Neg().Add(1);

    /// <summary>this · sigmoid(this).</summary>
    public Tensor Silu() => Ops.Silu.Call(this);

    /// <summary>max(this, 0).</summary>
    public Tensor Relu() => Ops.Relu.Call(this);

    /// <summary>Matrix product; leading dimensions are batches, broadcast.</summary>
    public Tensor MatMul(Tensor other) => Ops.MatMul.Call(this, other);

    /// <summary>this · weightᵀ + bias over the last dimension; <paramref name="weight"/> is [out, in].</summary>
    public Tensor Linear(Tensor weight, Tensor? bias = null) =>
        Products.Library == ProductLibrary.OneDnn && !Tape.Wants(this, weight, bias) && RowProductKernel.Takes(this, weight, bias)
            ? RowProductKernel.Forward(this, weight, bias)
            : Ops.Linear.Call(this, weight, bias);

    /// <summary>Softmax over a dimension.</summary>
    public Tensor Softmax(int dimension) => Ops.Softmax.Call(this, dimension);

    /// <summary>Logarithm of the softmax over a dimension.</summary>
    public Tensor LogSoftmax(int dimension) => Ops.LogSoftmax.Call(this, dimension);

    /// <summary>log Σ exp over a dimension.</summary>
    public Tensor LogSumExp(int dimension, bool keep = false) => Ops.LogSumExp.Call(this, Shapes.Of([dimension]), keep);

    /// <summary>log (e^this + e^other), broadcast.</summary>
    public Tensor LogAddExp(Tensor other) => Ops.LogAddExp.Call(this, other);

    /// <summary>Values of this where the mask (Bool) is false, <paramref name="value"/> elsewhere.</summary>
    public Tensor MaskedFill(Tensor mask, double value) => Ops.MaskedFill.Call(this, mask, value);

    /// <summary>Bool tensor: this below value.</summary>
    public Tensor Less(double value) => Ops.Less.Call(this, value);

    /// <summary>Bool tensor: this at most value.</summary>
    public Tensor LessOrEqual(double value) => Ops.LessOrEqual.Call(this, value);

    /// <summary>Bool tensor: which elements are neither infinite nor NaN.</summary>
    public Tensor IsFinite() => Ops.IsFinite.Call(this);
}
