using Espalier.Torch;

namespace Espalier.Models;

/// <summary>A pass whose graph is kept whole, from the embedding to the final norm.</summary>
internal sealed class GraphPass : TrainingPass
{
    private readonly Tensor _hidden_BTD;
    private readonly Dictionary<TapPlace, Tensor>? _roots;

    public GraphPass(Decoder decoder, Tensor ids_BT, IReadOnlyCollection<TapPlace>? tapped, long[]? places)
    {
        _roots = tapped is { Count: > 0 } ? [] : null;
        _hidden_BTD = decoder.Forward(ids_BT, _roots is null ? null : Keep(tapped, _roots), places: places).Unscoped();
    }

    public override Tensor Hidden => _hidden_BTD.Detach();

    public override Tensor Tapped(TapPlace place) => _roots![place].Detach();

    public override void Backward(
        Tensor gradient, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>>? tapped = null, Action<Tensor>? complete = null)
    {
        if (tapped is { Count: > 0 })
            BackwardFrom([(_hidden_BTD, gradient), .. tapped.Select(pair => (_roots![pair.Key], (Tensor?)pair.Value))], complete);
        else
            BackwardFrom(_hidden_BTD, gradient, complete);
    }

    public override void Dispose()
    {
        _hidden_BTD.Dispose();
        if (_roots is not null)
            foreach (var root in _roots.Values)
                root.Dispose();
    }
}
