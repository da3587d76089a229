using System.Collections;

namespace Espalier.Models;

/// <summary>The kinds of a model's layers, from the input up. Two are equal where each layer is of an equal kind.</summary>
public sealed class LayerKinds : IReadOnlyList<LayerKind>, IEquatable<LayerKinds>
{
    // One entry where all layers are of one kind, whatever their number.
    private readonly LayerKind[] _kinds;

    private LayerKinds(LayerKind[] kinds) => _kinds = kinds;

    /// <summary>All layers of one kind.</summary>
    public static LayerKinds All(LayerKind kind) => new([kind]);

    /// <summary>A kind for each layer.</summary>
    public static LayerKinds Of(IEnumerable<LayerKind> kinds)
    {
        LayerKind[] all = [.. kinds];
        return new(all.Length > 0 && all.All(kind => kind == all[0]) ? all[..1] : all);
    }

    /// <summary>Whether all layers are of one kind.</summary>
    public bool AreAlike => _kinds.Length == 1;

    /// <summary>Number of layers with a given kind; 1 if all are the same.</summary>
    public int Count => _kinds.Length;

    /// <summary>The kind of a layer, from 0.</summary>
    public LayerKind this[int layer] => AreAlike ? _kinds[0] : _kinds[layer];

    /// <summary>Those of some layers, in that order.</summary>
    public LayerKinds At(IEnumerable<int> layers) => AreAlike ? this : Of(layers.Select(layer => _kinds[layer]));

    /// <summary>The first ones, repeated if more are requested.</summary>
    internal LayerKinds First(int count) => At(Enumerable.Range(0, count).Select(layer => layer % Count));

    /// <inheritdoc/>
    public bool Equals(LayerKinds? other) => other is not null && _kinds.AsSpan().SequenceEqual(other._kinds);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LayerKinds);

    /// <inheritdoc/>
    public override int GetHashCode() => _kinds.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _kinds.Distinct());

    /// <inheritdoc/>
    public IEnumerator<LayerKind> GetEnumerator() => _kinds.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
