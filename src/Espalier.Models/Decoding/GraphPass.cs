namespace Espalier.Models;

/// <summary>A pass whose graph is kept whole, from the embedding to the final norm.</summary>
internal sealed class GraphPass : PassGraph
{
    // A step has one after the other.
    [ThreadStatic] private static GraphPass? s_spare;

    private Tensor _hidden_BTD = null!;
    private Dictionary<TapPlace, Tensor>? _roots;

    private GraphPass()
    {
    }

    /// <summary>Goes forward. The object serves again when the pass is disposed.</summary>
    public static GraphPass Run(Decoder decoder, Tensor ids_BT, IReadOnlyCollection<TapPlace>? tapped, long[]? places)
    {
        var pass = s_spare ?? new();
        s_spare = null;
        pass.Forward(decoder, ids_BT, tapped, places);
        return pass;
    }

    private void Forward(Decoder decoder, Tensor ids_BT, IReadOnlyCollection<TapPlace>? tapped, long[]? places)
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

    protected override void LetGo()
    {
        // Others have handles of their own.
        _hidden_BTD.LetGo(reuse: true);
        if (_roots is not null)
            foreach (var root in _roots.Values)
                root.Dispose();
        (_hidden_BTD, _roots, s_spare) = (null!, null, this);
    }
}
