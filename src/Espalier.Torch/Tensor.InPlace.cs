namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>this += scale · other.</summary>
    public void AddInPlace(Tensor other, double scale = 1) => Ops.AddIn.CallVoid(this, other, scale);

    /// <summary>this += value.</summary>
    public void AddInPlace(double value) => Ops.AddInScalar.CallVoid(this, value);

    /// <summary>this −= other.</summary>
    public void SubInPlace(Tensor other) => Ops.SubIn.CallVoid(this, other);

    /// <summary>this *= other.</summary>
    public void MulInPlace(Tensor other) => Ops.MulIn.CallVoid(this, other);

    /// <summary>this *= value.</summary>
    public void MulInPlace(double value) => Ops.MulInScalar.CallVoid(this, value);

    /// <summary>this /= other.</summary>
    public void DivInPlace(Tensor other) => Ops.DivIn.CallVoid(this, other);

    /// <summary>Sets every element to zero.</summary>
    public void ZeroInPlace() => Ops.ZeroIn.CallVoid(this);

    /// <summary>Sets every element.</summary>
    public void FillInPlace(double value) => Ops.FillIn.CallVoid(this, value);

    /// <summary>Copies the values of another tensor, converting its element type, broadcast.</summary>
    public void CopyInPlace(Tensor source) => Ops.CopyIn.CallVoid(this, source);

    /// <summary>this = e^this.</summary>
    public void ExpInPlace() => Ops.ExpIn.CallVoid(this);

    /// <summary>this = √this.</summary>
    public void SqrtInPlace() => Ops.SqrtIn.CallVoid(this);

    /// <summary>this += value · a · b.</summary>
    public void AddcmulInPlace(Tensor a, Tensor b, double value = 1) => Ops.AddcmulIn.CallVoid(this, a, b, value);

    /// <summary>this += value · a / b.</summary>
    public void AddcdivInPlace(Tensor a, Tensor b, double value = 1) => Ops.AddcdivIn.CallVoid(this, a, b, value);

    /// <summary>this += weight · (end − this).</summary>
    public void LerpInPlace(Tensor end, double weight) => Ops.LerpIn.CallVoid(this, end, weight);

    /// <summary>this += scale · a · b, matrices.</summary>
    public void AddmmInPlace(Tensor a, Tensor b, double scale = 1) => Ops.AddmmIn.CallVoid(this, a, b, 1.0, scale);

    /// <summary>this[..., index[i], ...] += source[..., i, ...] along a dimension.</summary>
    public void IndexAddInPlace(int dimension, Tensor index, Tensor source) => Ops.IndexAddIn.CallVoid(this, dimension, index, source);

    /// <summary>this[index] += source along a dimension; index (Int64) has source's shape.</summary>
    public void ScatterAddInPlace(int dimension, Tensor index, Tensor source) => Ops.ScatterAddIn.CallVoid(this, dimension, index, source);

    /// <summary>this[index] = value along a dimension (index Int64).</summary>
    public void ScatterFillInPlace(int dimension, Tensor index, double value) => Ops.ScatterFillIn.CallVoid(this, dimension, index, value);

    /// <summary>Sets elements to a value where the mask (Bool) is true.</summary>
    public void MaskedFillInPlace(Tensor mask, double value) => Ops.MaskedFillIn.CallVoid(this, mask, value);
}
