namespace Espalier.Models.FeedForwards;

// Shapes: D width of what is read, F width of what is given, R rows of all experts.

/// <summary>The linear maps x · Wᵀ + b of all experts of a layer. Owned by the decoder.</summary>
/// <param name="Weights">W of each expert, [F, D].</param>
/// <param name="Biases">b of each expert, [F], or null.</param>
internal sealed record ExpertProjections(Tensor[] Weights, Tensor[]? Biases)
{
    /// <summary>Each expert's map of its rows, [R, F] of [R, D]; see <see cref="ExpertOperators.GroupedLinear"/>.</summary>
    public Tensor Forward(Tensor x_RD, ExpertRows rows) => x_RD.GroupedLinear(Weights, rows, Biases);
}
