using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

// Shapes: T tokens, D model width, F width of what a product gives, E experts, K experts of a token, R = T · K rows.

/// <summary>
/// What a mixture of experts does between its router and the stream: tokens are copied to the rows of their experts, each expert's matrix
/// multiplies its rows, and each token adds up what its experts gave. Forward and back by hand, without a product for an expert that nobody
/// went to, and in an order that depends on nothing but the choice: the same bits each time. Gradient flows through all. The methods
/// <c>...ByParts</c> are the same out of operators that are recorded one by one.
/// </summary>
internal static class ExpertOperators
{
    /// <summary>The rows of the experts, [R, D], of tokens [T, D].</summary>
    public static Tensor ToExperts(this Tensor x, ExpertRows rows)
    {
        Tensor y;
        using (GradMode.Disable())
            y = x.IndexSelect(0, rows.TokenOfRow);
        return Tape.Record(y, [x], [rows.RowOfSlot],
            static (node, g, into) => into[0] = g.IndexSelect(0, node[0]).View(-1, node.First, g.Size(1)).Sum([1]), first: rows.PerToken);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor ToExpertsByParts(this Tensor x, ExpertRows rows) => x.IndexSelect(0, rows.TokenOfRow);

    /// <summary>
    /// Each expert's rows times the transpose of its matrix, [R, F] of [R, D]. Rows in bfloat16 are multiplied in it, and the matrices keep
    /// their own type (<see cref="Bfloat16Operators.LinearInBfloat16"/>). The gradient of a matrix, or of a bias, whose expert has no rows
    /// is zero. With biases, which may be large, the result has their type.
    /// </summary>
    /// <param name="x">[R, D], as <see cref="ToExperts"/> gives them.</param>
    /// <param name="weights">E matrices [F, D].</param>
    /// <param name="rows">Whose rows are which.</param>
    /// <param name="biases">E biases [F], or null.</param>
    public static Tensor GroupedLinear(this Tensor x, Tensor[] weights, ExpertRows rows, Tensor[]? biases = null)
    {
        Tensor y;
        using (GradMode.Disable())
            y = Joined(weights.Length, rows, (expert, first, end) => Linear(x.Slice(0, first, end), weights[expert], biases?[expert]));
        if (!GradMode.Records(x) && !GradMode.Records(weights) && !GradMode.Records(biases))
            return y;
        var node = Node.Take();
        node.KeepOrSkip(x);
        node.KeepMany(weights);
        node.Record([x.Sink, .. weights.Select(weight => weight.Sink), .. biases?.Select(bias => bias.Sink) ?? []],
            (kept, g, into) => Backward(kept, g, rows, into));
        y.Sink = node;
        return y;
    }

    /// <summary>The same out of products that are recorded one by one.</summary>
    public static Tensor GroupedLinearByParts(this Tensor x, Tensor[] weights, ExpertRows rows, Tensor[]? biases = null) =>
        Joined(weights.Length, rows, (expert, first, end) =>
        {
            var part = x.Slice(0, first, end);
            var y = x.DType == DType.BFloat16 ? part.LinearInBfloat16(weights[expert]) : part.Linear(weights[expert]);
            return biases is null ? y : y.To(biases[expert].DType).Add(biases[expert]);
        });

    /// <summary>What each token's experts gave, each times its weight, added up: [T, D] of [R, D].</summary>
    /// <param name="x">[R, D].</param>
    /// <param name="weights">[T, K]; the sum is of their type.</param>
    /// <param name="rows">Whose rows are which.</param>
    public static Tensor FromExperts(this Tensor x, Tensor weights, ExpertRows rows)
    {
        Tensor y;
        using (GradMode.Disable())
            y = x.FromExpertsByParts(weights, rows);
        return Tape.Record(
            y, [x, weights], [x, weights, rows.RowOfSlot, rows.SlotOfRow, rows.TokenOfRow],
            static (node, g, into) =>
            {
                var (x, weights) = (node[0], node[1]);
                if (node.Inputs[0] is not null)
                    into[0] = g.IndexSelect(0, node[4]).Mul(weights.View(-1).IndexSelect(0, node[3]).Unsqueeze(-1)).To(x.DType);
                if (node.Inputs[1] is not null)
                    into[1] = OfSlots(x, node[2], weights).Mul(g.Unsqueeze(1)).Sum([2]);
            });
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor FromExpertsByParts(this Tensor x, Tensor weights, ExpertRows rows) =>
        OfSlots(x, rows.RowOfSlot, weights).Mul(weights.Unsqueeze(-1)).Sum([1]);

    // [T, K, D] in the type of the weights.
    private static Tensor OfSlots(Tensor x, Tensor rowOfSlot, Tensor weights) =>
        x.IndexSelect(0, rowOfSlot).View(weights.Size(0), weights.Size(1), x.Size(1)).To(weights.DType);

    private static Tensor Linear(Tensor x, Tensor weight, Tensor? bias) => bias is null ? x.Linear(Operand(weight, x))
        : x.DType == bias.DType ? x.Linear(Operand(weight, x), bias) : x.Linear(Operand(weight, x)).To(bias.DType).Add(bias);

    private static Tensor Operand(Tensor weight, Tensor x) => x.DType == DType.BFloat16 ? weight.InBfloat16() : weight;

    private static Tensor Joined(int experts, ExpertRows rows, Func<int, long, long, Tensor> part)
    {
        var parts = new List<Tensor>(experts);
        for (var expert = 0; expert < experts; expert++)
            if (rows.FirstOf(expert) is var first && rows.Ends[expert] is var end && first < end)
                parts.Add(part(expert, first, end));
        return parts.Count == 1 ? parts[0] : Tensor.Cat(0, [.. parts]);
    }

    private static void Backward(Node node, Tensor g, ExpertRows rows, Span<Tensor?> into)
    {
        var experts = rows.Ends.Count;
        // As it was before the biases were added.
        var ofProduct = g.DType == node[0].DType ? g : g.To(node[0].DType);
        if (node.Inputs[0] is not null)
            into[0] = Joined(experts, rows, (expert, first, end) =>
                ofProduct.Slice(0, first, end).MatMul(Operand(node.OfMany(expert), ofProduct)));
        for (var expert = 0; expert < experts; expert++)
        {
            var (first, end) = (rows.FirstOf(expert), rows.Ends[expert]);
            if (node.Inputs[expert + 1] is not null)
                into[expert + 1] = OfWeight(node, ofProduct, expert, first, end);
            if (into.Length > experts + 1 && node.Inputs[experts + expert + 1] is not null)
                into[experts + expert + 1] = g.Slice(0, first, end).Sum([0]);
        }
    }

    private static Tensor OfWeight(Node node, Tensor g, int expert, long first, long end)
    {
        var weight = node.OfMany(expert);
        return first == end ? weight.ZerosLike()
            : ProductRules.OfWeight(g.Slice(0, first, end), node[0].Slice(0, first, end)).To(weight.DType);
    }
}
