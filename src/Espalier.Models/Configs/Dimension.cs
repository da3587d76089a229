namespace Espalier.Models;

/// <summary>A dimension of a parameter: the units of an <see cref="Models.Axis"/>, or a size that is never cut.</summary>
public sealed class Dimension
{
    private readonly string _field;
    private readonly Func<DecoderConfig, long> _size;
    private readonly bool _hasOneEach;

    internal Dimension(string field, Func<DecoderConfig, long> size) => (_field, _size) = (field, size);

    internal Dimension(Axis axis)
        : this("", config => (long)axis.Of(config) * axis.EntriesOf(config)) => Axis = axis;

    internal Dimension(Axis axis, Axis inner)
        : this("", config => (long)axis.Of(config) * inner.Of(config)) => (Axis, Inner) = (axis, inner);

    private Dimension(Axis axis, bool hasOneEach)
        : this("", config => axis.Of(config)) => (Axis, _hasOneEach) = (axis, hasOneEach);

    /// <summary>Rows of the embedding and of the head: V.</summary>
    public static Dimension Vocabulary { get; } = new("vocab_size", config => config.VocabularySize);

    /// <summary>One entry for each unit of an axis, whatever else they have elsewhere.</summary>
    internal static Dimension OneEach(Axis axis) => new(axis, hasOneEach: true);

    /// <summary>Entries of one head: H.</summary>
    public static Dimension HeadEntries { get; } = new("head_dim", config => config.HeadDim);

    /// <summary>What is cut along it; null for nothing.</summary>
    public Axis? Axis { get; }

    /// <summary>What is cut inside each unit of <see cref="Axis"/>, the same entries in each; null for nothing.</summary>
    internal Axis? Inner { get; }

    /// <summary>The fields of <c>config.json</c> that the size comes from, for errors.</summary>
    public string Fields => FieldsBy(static axis => axis.Field);

    /// <summary>The same with sizes by the names that a family has for them.</summary>
    internal string FieldsBy(Func<Axis, string> fieldOf) => Axis is null ? _field : _hasOneEach ? fieldOf(Axis)
        : Inner is not null ? $"{fieldOf(Axis)} * {fieldOf(Inner)}"
        : Axis.Entries is { } entries ? $"{fieldOf(Axis)} * {entries._field}" : fieldOf(Axis);

    /// <summary>Entries.</summary>
    public long Of(DecoderConfig config) => _size(config);

    /// <summary>Entries that each unit of <see cref="Axis"/> has here.</summary>
    internal int EntriesOf(DecoderConfig config) =>
        _hasOneEach ? 1 : Inner is not null ? Inner.Of(config) : Axis!.EntriesOf(config);

    /// <summary>An axis is a dimension.</summary>
    public static implicit operator Dimension(Axis axis) => axis.Dimension;
}
