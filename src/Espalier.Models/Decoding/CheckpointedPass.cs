using Espalier.Models.Layouts;

namespace Espalier.Models;

/// <summary>
/// A pass that keeps each block's input alone and computes a block once more when it goes back through it (arXiv 1604.06174): a third more
/// operations, and one block's graph in memory instead of all. What was tapped is handed out from the first computation; its gradients
/// enter the second.
/// </summary>
internal sealed class CheckpointedPass : PassGraph
{
    private readonly Decoder _decoder;
    private readonly Tensor _ids_BT;
    private readonly DocumentLayout? _layout;
    private readonly Dictionary<TapPlace, Tensor> _tapped = [];
    private readonly Tensor[] _inputs_BTD;
    private readonly Tensor _hidden_BTD;

    public CheckpointedPass(Decoder decoder, Tensor ids_BT, IReadOnlyCollection<TapPlace>? tapped, long[]? places)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        (_decoder, _ids_BT) = (decoder, ids_BT);
        _layout = decoder.LayoutOf(ids_BT, places);
        var context = decoder.ContextOf(ids_BT, Keep(tapped, _tapped), _layout);
        _inputs_BTD = new Tensor[decoder.Blocks.Count + 1];
        _inputs_BTD[0] = decoder.Embed(ids_BT, context).Unscoped();
        for (var layer = 0; layer < decoder.Blocks.Count; layer++)
            _inputs_BTD[layer + 1] = decoder.Blocks[layer].Forward(_inputs_BTD[layer], context).Unscoped();
        _hidden_BTD = decoder.Finish(_inputs_BTD[^1], context).Unscoped();
    }

    public override Tensor Hidden => _hidden_BTD.Detach();

    public override Tensor Tapped(TapPlace place) => _tapped[place].Detach();

    public override void Backward(
        Tensor gradient, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>>? tapped = null, Action<Tensor>? complete = null)
    {
        using var scope = TensorScope.Begin();
        var gradients = (tapped ?? []).ToDictionary(pair => pair.Key, pair => pair.Value);
        var lowest = _decoder.LowestTrained;
        var slope_BTD = Again(_decoder.Blocks.Count, gradient, gradients, lowest, _decoder.Finish, complete);
        for (var layer = _decoder.Blocks.Count - 1; layer >= Math.Max(0, lowest) && slope_BTD is not null; layer--)
        {
            using var above = slope_BTD;
            slope_BTD = Again(layer, above, gradients, lowest, _decoder.Blocks[layer].Forward, complete);
        }
        if (slope_BTD is not null)
        {
            var roots = new Dictionary<TapPlace, Tensor>();
            var x_BTD = _decoder.Embed(_ids_BT, _decoder.ContextOf(_ids_BT, Keep(gradients.Keys, roots), _layout));
            BackAgain(x_BTD, slope_BTD, roots, gradients, complete);
        }
    }

    protected override void LetGo()
    {
        _hidden_BTD.Dispose();
        _layout?.Dispose();
        foreach (var tensor in _inputs_BTD.Concat(_tapped.Values))
            tensor.Dispose();
    }

    /// <summary>
    /// Computes a part once more, with its graph, and goes back through it. The gradient of its input, or null where nothing below wants
    /// one.
    /// </summary>
    private Tensor? Again(
        int part, Tensor gradient, Dictionary<TapPlace, Tensor> gradients, int lowest, Func<Tensor, ForwardContext, Tensor> forward,
        Action<Tensor>? complete)
    {
        using var scope = TensorScope.Begin();
        var roots = new Dictionary<TapPlace, Tensor>();
        var x_BTD = _inputs_BTD[part].Detach();
        x_BTD.RequiresGrad = lowest < part;
        var y_BTD = forward(x_BTD, _decoder.ContextOf(_ids_BT, Keep(gradients.Keys, roots), _layout));
        // The part's input is a leaf of this part alone.
        BackAgain(y_BTD, gradient, roots, gradients, complete is null ? null : leaf =>
        {
            if (leaf != x_BTD)
                complete(leaf);
        });
        return x_BTD.Grad() is { } slope_BTD ? scope.Keep(slope_BTD) : null;
    }

    private static void BackAgain(
        Tensor output, Tensor gradient, Dictionary<TapPlace, Tensor> roots, Dictionary<TapPlace, Tensor> gradients,
        Action<Tensor>? complete)
    {
        BackwardFrom([(output, gradient), .. roots.Select(root => (root.Value, (Tensor?)gradients[root.Key]))], complete);
        foreach (var root in roots.Values)
            root.Dispose();
    }
}
