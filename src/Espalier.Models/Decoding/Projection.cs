using Espalier.Torch;

namespace Espalier.Models;

/// <summary>A linear map x · Wᵀ + b; <paramref name="Weight"/> is [out, in]. Owned by the decoder.</summary>
internal sealed record Projection(Tensor Weight, Tensor? Bias)
{
    /// <summary>The map, its product computed in a type, which the result has, too, where there is no bias.</summary>
    public Tensor Forward(Tensor x, ComputeType compute) => compute.Linear(x, Weight, Bias);
}
