using Espalier.Torch;

namespace Espalier.Models;

/// <summary>A value that passes a tap: where, and in which layer (−1 outside the blocks).</summary>
public readonly record struct TapPlace(TapPoint Point, int Layer);

/// <summary>
/// One forward pass that can be gone back through once, from gradients made outside of the graph: of the output, and of values that were tapped on the way.
/// Made by <see cref="Decoder.Train"/>; dispose it.
/// </summary>
public sealed class TrainingPass : IDisposable
{
    private readonly Tensor _hidden_BTD;
    private readonly Dictionary<TapPlace, Tensor> _roots;

    internal TrainingPass(Tensor hidden_BTD, Dictionary<TapPlace, Tensor> roots) => (_hidden_BTD, _roots) = (hidden_BTD.Unscoped(), roots);

    /// <summary>The output of the final norm, [B, T, D], cut off from the graph.</summary>
    public Tensor Hidden => _hidden_BTD.Detach();

    /// <summary>A tapped value, cut off from the graph.</summary>
    public Tensor Tapped(TapPlace place) => _roots[place].Detach();

    /// <summary>Adds the gradients to those of the parameters.</summary>
    /// <param name="gradient">d(loss)/d(hidden), [B, T, D].</param>
    /// <param name="tapped">d(loss)/d(value) of tapped values, or none.</param>
    public void Backward(Tensor gradient, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>>? tapped = null) =>
        Tensor.Backward([(_hidden_BTD, gradient), .. (tapped ?? []).Select(pair => (_roots[pair.Key], (Tensor?)pair.Value))]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _hidden_BTD.Dispose();
        foreach (var root in _roots.Values)
            root.Dispose();
    }
}
