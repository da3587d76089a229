namespace Espalier.Models;

/// <summary>
/// What low-rank adaptation adds to a projection whose weights stay (LoRA, arXiv 2106.09685, section 4.1):
/// y = x Wᵀ + b + scale · (x Aᵀ) Bᵀ. Owns A and B, which no scope adopts.
/// </summary>
internal sealed class LowRankAdapter : IDisposable
{
    /// <summary>Takes its factors over.</summary>
    /// <param name="parameter">The matrix that it adds to, [out, in].</param>
    /// <param name="a">A, [rank, in].</param>
    /// <param name="b">B, [out, rank].</param>
    /// <param name="scale">What multiplies B A: alpha / rank.</param>
    public LowRankAdapter(Parameter parameter, Tensor a, Tensor b, double scale) =>
        (Parameter, A, B, Scale) = (parameter, a.Unscoped(), b.Unscoped(), scale);

    /// <summary>The matrix that it adds to.</summary>
    public Parameter Parameter { get; }

    /// <summary>A, [rank, in].</summary>
    public Tensor A { get; }

    /// <summary>B, [out, rank].</summary>
    public Tensor B { get; }

    /// <summary>What multiplies B A.</summary>
    public double Scale { get; }

    /// <summary>Both factors with their letters.</summary>
    public IReadOnlyList<(char Name, Tensor Value)> Factors => [('A', A), ('B', B)];

    /// <summary>Whether gradients of both are wanted.</summary>
    public bool RequiresGrad
    {
        get => A.RequiresGrad;
        set => (A.RequiresGrad, B.RequiresGrad) = (value, value);
    }

    /// <summary>
    /// A fresh one, which changes nothing yet: A uniform within 1 / √in (Kaiming's bound with a = √5, as peft draws it), B zero. A's
    /// numbers depend on the seed and the parameter alone.
    /// </summary>
    /// <param name="parameter">The matrix that it adds to.</param>
    /// <param name="weight">Its values, [out, in]: shape, type and device.</param>
    /// <param name="rank">Rows of A.</param>
    /// <param name="scale">What multiplies B A.</param>
    /// <param name="seed">The seed.</param>
    public static LowRankAdapter Fresh(Parameter parameter, Tensor weight, int rank, double scale, ulong seed)
    {
        var (rows, columns) = (weight.Size(0), weight.Size(1));
        using var a = Tensor.FromWriter<float>([rank, columns], (first, values) =>
        {
            var numbers = new SeededNumbers(seed, $"{parameter.Role}/{parameter.Layer}/lora_A");
            numbers.Skip(first);
            numbers.FillUniform(values, 1 / Math.Sqrt(columns));
        }).Unscoped();
        using var there = a.On(weight.Device).Unscoped();
        return new(parameter, there.DType == weight.DType ? there.Detach() : there.To(weight.DType),
            Tensor.Zeros(weight.DType, weight.Device, [rows, rank]), scale);
    }

    /// <summary>The same factors with gradients of their own, for a thread beside this one's.</summary>
    public LowRankAdapter Replica() => new(Parameter, A.Replica(), B.Replica(), Scale);

    /// <summary>y + scale · (x Aᵀ) Bᵀ, its products computed in a type.</summary>
    /// <param name="y">What the weights give, [..., out].</param>
    /// <param name="x">What they were given, [..., in].</param>
    /// <param name="compute">The type of the products.</param>
    public Tensor AddTo(Tensor y, Tensor x, ComputeType compute)
    {
        var low = compute.Linear(compute.Linear(x, A), B);
        return y.Add(low.DType == y.DType ? low : low.To(y.DType), Scale);
    }

    /// <summary>weight + scale · B A, a tensor of its own; no gradient.</summary>
    public Tensor Merged(Tensor weight)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return scope.Keep(weight.Add(B.MatMul(A), Scale));
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
