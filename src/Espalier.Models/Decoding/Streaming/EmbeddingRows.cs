namespace Espalier.Models.Streaming;

/// <summary>The rows of the embedding table that some ids name, each read once and in the order of the file.</summary>
internal sealed class EmbeddingRows
{
    private readonly int _width;
    private readonly double _scale;
    private readonly long[] _ids;
    // A row each: all rows of a large vocabulary are more than one array holds.
    private readonly float[][] _rows;

    /// <summary>Reads the rows.</summary>
    /// <exception cref="EspalierException">An id is outside the vocabulary.</exception>
    public EmbeddingRows(ParameterReader reader, DecoderConfig config, string table, IEnumerable<long[]> batches)
    {
        (_width, _scale) = (config.HiddenSize, config.EmbeddingScale);
        _ids = [.. batches.SelectMany(ids => ids).Distinct().Order()];
        if (_ids.Length > 0 && (_ids[0] < 0 || _ids[^1] >= config.VocabularySize))
            throw new EspalierException(
                $"id {(_ids[0] < 0 ? _ids[0] : _ids[^1])} is outside the vocabulary of "
                    + $"{config.VocabularySize}: the text was encoded with another model's tokenizer");
        _rows = new float[_ids.Length][];
        for (var i = 0; i < _ids.Length; i++)
            reader.ReadRow(table, _ids[i], _rows[i] = new float[_width]);
    }

    /// <summary>The embedding of a batch, [B, T, D]. The caller owns the tensor; no scope does.</summary>
    public Tensor Embed(long[] ids, int sequence, DType dtype)
    {
        var values = new float[(long)ids.Length * _width];
        for (var i = 0; i < ids.Length; i++)
            _rows[Array.BinarySearch(_ids, ids[i])].CopyTo(values.AsSpan(checked(i * _width), _width));
        var x_BTD = DecoderWeights.ToTensor(values, [ids.Length / sequence, sequence, _width], dtype);
        if (_scale != 1)
            x_BTD.MulInPlace(_scale);
        return x_BTD;
    }
}
