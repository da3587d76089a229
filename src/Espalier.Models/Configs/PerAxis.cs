namespace Espalier.Models;

/// <summary>
/// Something for each of some axes: sizes that are asked for, units that stay, scores. Immutable; equal where the values are.
/// </summary>
/// <typeparam name="T">What; null where an axis has nothing.</typeparam>
public sealed class PerAxis<T> : IEquatable<PerAxis<T>>
{
    private readonly Dictionary<Axis, T> _values = [];

    /// <summary>Nothing for any axis; an initialiser fills in the rest, <c>new() { [Axis.Hidden] = 192 }</c>.</summary>
    public PerAxis()
    {
    }

    /// <summary>What each axis gets; null for nothing.</summary>
    public PerAxis(Func<Axis, T?> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        foreach (var axis in Axis.All)
            if (value(axis) is { } one)
                _values.Add(axis, one);
    }

    /// <summary>What the axis has; null for nothing.</summary>
    public T? this[Axis axis]
    {
        get => _values.GetValueOrDefault(axis);
        init
        {
            _values.Remove(axis);
            if (value is not null)
                _values.Add(axis, value);
        }
    }

    /// <summary>The axes that have something, in the order of <see cref="Axis.All"/>.</summary>
    public IEnumerable<Axis> Axes => Axis.All.Where(_values.ContainsKey);

    /// <summary>A copy in which one axis has something else.</summary>
    public PerAxis<T> With(Axis changed, T? value) => new(axis => axis == changed ? value : this[axis]);

    /// <inheritdoc/>
    public bool Equals(PerAxis<T>? other) =>
        other is not null && Axis.All.All(axis => EqualityComparer<T>.Default.Equals(this[axis], other[axis]));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PerAxis<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => Axes.Aggregate(0, (hash, axis) => HashCode.Combine(hash, axis, this[axis]));

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Axes.Select(axis => $"{axis} {this[axis]}"));
}
