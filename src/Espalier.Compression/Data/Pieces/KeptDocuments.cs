namespace Espalier.Compression.Data.Pieces;

/// <summary>
/// Which documents of a source were taken for training, one bit each: what filters, duplicates and the held-out share decided when the
/// source was first read is not decided again, so that a piece that is made later does not depend on what was read before it.
/// </summary>
internal sealed class KeptDocuments
{
    /// <summary>Its file, beside <see cref="PieceIndex.FileName"/>.</summary>
    public const string FileName = "kept.bin";

    private byte[] _bits = [];
    private long _count;

    /// <summary>Whether a document was taken; documents that nobody has read were not.</summary>
    /// <param name="number">Documents of the source before it.</param>
    public bool Contains(long number) => number < _count && (_bits[number >> 3] >> (int)(number & 7) & 1) != 0;

    /// <summary>Takes a document.</summary>
    /// <param name="number">Documents of the source before it, more than of any that was taken.</param>
    public void Add(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, _count);
        var at = checked((int)(number >> 3));
        if (at >= _bits.Length)
            Array.Resize(ref _bits, Math.Max(at + 1, (int)Math.Min(Array.MaxLength, 2L * _bits.Length)));
        _bits[at] |= (byte)(1 << (int)(number & 7));
        _count = number + 1;
    }

    /// <summary>Writes it into a folder that is there.</summary>
    public void Write(string folder)
    {
        var used = (int)((_count + 7) >> 3);
        DurableOutput.WriteFile(Path.Combine(folder, FileName), used, stream => stream.Write(_bits, 0, used));
    }

    /// <summary>Reads that of a folder.</summary>
    /// <exception cref="EspalierException">It cannot be read.</exception>
    public static KeptDocuments Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var bits = File.ReadAllBytes(path);
            return new() { _bits = bits, _count = 8L * bits.Length };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}
