namespace Espalier.Models;

public sealed partial class Decoder
{
    private LowRankAdapter[] _adapters = [];

    /// <summary>What is added to projections; none unless <see cref="Attach"/> was called.</summary>
    internal IReadOnlyList<LowRankAdapter> Adapters => _adapters;

    /// <summary>All tensors that want a gradient: parameters in their order, then A and B of each adapter.</summary>
    internal IEnumerable<Tensor> Wanting =>
        _parameters.Select(p => p.Value).Concat(_adapters.SelectMany(adapter => adapter.Factors.Select(factor => factor.Value)))
            .Where(value => value.RequiresGrad);

    /// <summary>Adds adapters to projections and takes ownership of them; the model must not have any yet.</summary>
    internal void Attach(LowRankAdapter[] adapters)
    {
        if (_adapters.Length > 0)
            throw new InvalidOperationException("the model already has adapters");
        _adapters = adapters;
        BuildBlocks();
    }

    /// <summary>Adds what the adapters hold to the weights, in the weights' type, and lets go of the adapters.</summary>
    internal void MergeAdapters()
    {
        using var noGrad = GradMode.Disable();
        foreach (var adapter in _adapters)
            using (adapter)
            {
                using var scope = TensorScope.Begin();
                _weights[adapter.Parameter].CopyInPlace(adapter.Merged(_weights[adapter.Parameter]));
            }
        _adapters = [];
        BuildBlocks();
    }

    /// <summary>
    /// The parameters as the model computes with them, those with an adapter as a new tensor that the caller disposes: weights and
    /// adapters in one, and none of the others copied.
    /// </summary>
    internal IEnumerable<(Parameter Parameter, Tensor Value, bool IsOwn)> MergedParameters()
    {
        var adapters = _adapters.ToDictionary(adapter => adapter.Parameter);
        return _parameters.Select(p => adapters.TryGetValue(p.Parameter, out var adapter)
            ? (p.Parameter, adapter.Merged(p.Value).Unscoped(), true) : (p.Parameter, p.Value, false));
    }

    private void BuildBlocks()
    {
        var parts = new DecoderParts(Config, _weights, _adapters.ToDictionary(adapter => adapter.Parameter));
        for (var layer = 0; layer < _blocks.Length; layer++)
            _blocks[layer] = parts.Block(layer);
    }
}
