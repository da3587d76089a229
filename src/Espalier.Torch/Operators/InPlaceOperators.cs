namespace Espalier.Torch.Operators;

/// <summary>What overwrites a tensor. No gradient flows.</summary>
public static class InPlaceOperators
{
    /// <summary>x += scale · other.</summary>
    public static void AddInPlace(this Tensor x, Tensor other, double scale = 1) => Ops.AddIn.CallVoid(x, other, scale);

    /// <summary>x += value.</summary>
    public static void AddInPlace(this Tensor x, double value) => Ops.AddIn.CallVoid(x, value);

    /// <summary>x −= other.</summary>
    public static void SubInPlace(this Tensor x, Tensor other) => x.AddInPlace(other, -1);

    /// <summary>x *= other.</summary>
    public static void MulInPlace(this Tensor x, Tensor other) => Ops.MulIn.CallVoid(x, other);

    /// <summary>x *= value.</summary>
    public static void MulInPlace(this Tensor x, double value) => Ops.MulIn.CallVoid(x, value);

    /// <summary>x /= other.</summary>
    public static void DivInPlace(this Tensor x, Tensor other) => Ops.DivIn.CallVoid(x, other);

    /// <summary>Sets every element to zero.</summary>
    public static void ZeroInPlace(this Tensor x) => Ops.ZeroIn.CallVoid(x);

    /// <summary>Sets every element.</summary>
    public static void FillInPlace(this Tensor x, double value) => Ops.FillIn.CallVoid(x, value);

    /// <summary>Copies the values of another tensor, converting its element type, broadcast.</summary>
    public static void CopyInPlace(this Tensor x, Tensor source) => Ops.CopyIn.CallVoid(x, source);

    /// <summary>x = e^x.</summary>
    public static void ExpInPlace(this Tensor x) => Ops.ExpIn.CallVoid(x);

    /// <summary>x += weight · (end − x).</summary>
    public static void LerpInPlace(this Tensor x, Tensor end, double weight) => Ops.LerpIn.CallVoid(x, end, weight);

    /// <summary>x[..., index[i], ...] += source[..., i, ...] along a dimension.</summary>
    public static void IndexAddInPlace(this Tensor x, int dimension, Tensor index, Tensor source)
    {
        // Rows of the index are the same along every other dimension.
        var along = new long[source.Dimensions];
        Array.Fill(along, 1);
        along[dimension < 0 ? dimension + along.Length : dimension] = -1;
        using var scope = TensorScope.BeginReusing();
        x.ScatterAddInPlace(dimension, index.Reshape(along).Expand(source.Shape), source);
    }

    /// <summary>x[index] += source along a dimension; index (Int64) has source's shape.</summary>
    public static void ScatterAddInPlace(this Tensor x, int dimension, Tensor index, Tensor source) =>
        Ops.ScatterAddIn.CallVoid(x, dimension, index, source);

    /// <summary>x[index] = value along a dimension (index Int64).</summary>
    public static void ScatterFillInPlace(this Tensor x, int dimension, Tensor index, double value)
    {
        using var scope = TensorScope.BeginReusing();
        Ops.ScatterIn.CallVoid(x, dimension, index, Tensor.Full(value, x.DType, x.Device, 1).Expand(index.Shape));
    }
}
