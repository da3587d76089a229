namespace Espalier.Torch.Gradients;

/// <summary>
/// Records operations for the backward pass. An operation asks <see cref="GradMode.Records(Tensor)"/> and hands its result and what its
/// backward needs to <see cref="Record"/>:
/// <code>
/// if (!GradMode.Records(x, w)) return y;
/// return Tape.Record(y, [x, w], [x, w], static (node, g, into) => (into[0], into[1]) = Slopes(g, node[0], node[1]));
/// </code>
/// </summary>
internal static class Tape
{
    /// <summary>Notes how the result came about, and returns it. Only where <see cref="GradMode.Records(Tensor)"/> said so.</summary>
    /// <param name="result">A result that nothing is recorded for yet.</param>
    /// <param name="inputs">What a gradient is given to, in the order in which <paramref name="backward"/> gives it.</param>
    /// <param name="keep">All tensors that the backward reads; it finds them in the node in this order. Null leaves a place free.</param>
    /// <param name="backward">The backward.</param>
    /// <param name="number">For the backward: <see cref="Node.Number"/>.</param>
    /// <param name="first">For the backward: <see cref="Node.First"/>.</param>
    /// <param name="again"><see cref="Node.Repeats"/>.</param>
    public static Tensor Record(
        Tensor result, ReadOnlySpan<Tensor?> inputs, ReadOnlySpan<Tensor?> keep, Backward backward, double number = 0, long first = 0,
        Func<Node, Tensor>? again = null)
    {
        var node = Node.Take();
        foreach (var tensor in keep)
            node.KeepOrSkip(tensor);
        (node.Number, node.First) = (number, first);
        node.Repeats(again, result);
        var room = new Sinks();
        var sinks = inputs.Length <= Sinks.Room ? ((Span<GradientSink?>)room)[..inputs.Length] : new GradientSink?[inputs.Length];
        for (var i = 0; i < sinks.Length; i++)
            sinks[i] = inputs[i]?.Sink;
        node.Record(sinks, backward);
        result.Sink = node;
        return result;
    }
}
