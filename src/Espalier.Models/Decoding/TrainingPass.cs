namespace Espalier.Models;

/// <summary>A value that passes a tap: where, and in which layer (−1 outside the blocks).</summary>
public readonly record struct TapPlace(TapPoint Point, int Layer);

/// <summary>
/// One forward pass that can be gone back through once, from gradients made outside of the graph: of the output, and of values that were
/// tapped on the way. Made by <see cref="Decoder.Train"/>; dispose it. Its graph's object may serve another pass then, which this one no
/// longer reaches.
/// </summary>
internal readonly struct TrainingPass : IDisposable
{
    private readonly PassGraph _graph;
    private readonly long _use;

    /// <summary>A pass that went forward just now.</summary>
    public TrainingPass(PassGraph graph) => (_graph, _use) = (graph, graph.Use);

    /// <inheritdoc cref="PassGraph.Hidden"/>
    public Tensor Hidden => Graph.Hidden;

    private PassGraph Graph => _graph.Use == _use ? _graph : throw new ObjectDisposedException(nameof(TrainingPass));

    /// <inheritdoc cref="PassGraph.Tapped"/>
    public Tensor Tapped(TapPlace place) => Graph.Tapped(place);

    /// <inheritdoc cref="PassGraph.Backward"/>
    public void Backward(
        Tensor gradient, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>>? tapped = null, Action<Tensor>? complete = null) =>
        Graph.Backward(gradient, tapped, complete);

    /// <summary>Lets go of the graph; a second time does nothing.</summary>
    public void Dispose()
    {
        if (_graph.Use == _use)
            _graph.End();
    }
}
