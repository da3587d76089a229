namespace Espalier.Models;

/// <summary>A dimension of a parameter: the units of an <see cref="Models.Axis"/>, or a size that is never cut.</summary>
public sealed class Dimension
{
    private readonly string _field;
    private readonly Func<DecoderConfig, long> _size;

    private Dimension(string field, Func<DecoderConfig, long> size) => (_field, _size) = (field, size);

    internal Dimension(Axis axis)
        : this("", config => (long)axis.Of(config) * axis.EntriesOf(config)) => Axis = axis;

    /// <summary>Rows of the embedding and of the head: V.</summary>
    public static Dimension Vocabulary { get; } = new("vocab_size", config => config.VocabularySize);

    /// <summary>Entries of one head: H.</summary>
    public static Dimension HeadEntries { get; } = new("head_dim", config => config.HeadDim);

    /// <summary>What is cut along it; null for nothing.</summary>
    public Axis? Axis { get; }

    /// <summary>The fields of <c>config.json</c> that the size comes from, for errors.</summary>
    public string Fields => Axis is null ? _field : Axis.HasHeadEntries ? $"{Axis.Field} * {HeadEntries._field}" : Axis.Field;

    /// <summary>Entries.</summary>
    public long Of(DecoderConfig config) => _size(config);

    /// <summary>An axis is a dimension.</summary>
    public static implicit operator Dimension(Axis axis) => axis.Dimension;
}
