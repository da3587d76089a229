using Espalier.Torch;

namespace Espalier.Models;

/// <summary>A linear map x · Wᵀ + b; <paramref name="Weight"/> is [out, in]. Owned by the decoder.</summary>
internal sealed record Projection(Tensor Weight, Tensor? Bias)
{
    public Tensor Forward(Tensor x) => x.Linear(Weight, Bias);
}
