namespace Espalier.Models;

/// <summary>A linear map x · Wᵀ + b. Owned by the decoder.</summary>
/// <param name="Weight">W, [out, in].</param>
/// <param name="Bias">b, [out], or null.</param>
/// <param name="Adapter">What is added to it, or null.</param>
internal sealed record Projection(Tensor Weight, Tensor? Bias, LowRankAdapter? Adapter = null)
{
    /// <summary>The map, its product computed in a type, which the result has, too, where there is no bias.</summary>
    public Tensor Forward(Tensor x, ComputeType compute)
    {
        var y = compute.Linear(x, Weight, Bias);
        return Adapter is null ? y : Adapter.AddTo(y, x, compute);
    }
}
