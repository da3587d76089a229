namespace Espalier.Models.Gguf;

/// <summary>
/// Encodes the rows of a tensor, several at a time, and adds up what that costs. The bytes do not depend on how many at a time.
/// </summary>
/// <param name="type">How the tensor is stored.</param>
/// <param name="width">Weights of a row.</param>
/// <param name="importance">What an error costs in each column; empty where it is the same everywhere.</param>
internal sealed class GgufRowEncoder(GgufType type, int width, ReadOnlyMemory<float> importance)
{
    // Enough weights that a piece is worth a thread.
    private const int PieceElements = 1 << 13;

    private double _squares, _errors;

    /// <summary>Root of the mean squared error over that of the mean square of all rows so far.</summary>
    public double Error => _squares > 0 ? Math.Sqrt(_errors / _squares) : 0;

    /// <summary>Sum of the squares of all rows so far; 0 in float32, where nothing is lost.</summary>
    public double SquareSum => _squares;

    /// <summary>Encodes the first rows of a buffer into the first bytes of another.</summary>
    /// <param name="weights">The rows, one after the other.</param>
    /// <param name="bytes">Their bytes.</param>
    /// <param name="rows">How many.</param>
    /// <returns>False, with nothing added up, where a weight is not finite or does not fit.</returns>
    public bool TryEncode(float[] weights, byte[] bytes, int rows)
    {
        var rowBytes = checked((int)type.RowBytes(width));
        var each = Math.Max(1, PieceElements / width);
        var costs = new (double Squares, double Errors)[(rows + each - 1) / each];
        var unfit = false;
        if (type.Blocks() is null)
            for (var piece = 0; piece < costs.Length; piece++)
                Encode(piece);
        else
            Parallel.For(0, costs.Length, Encode);
        if (unfit)
            return false;
        foreach (var (squares, errors) in costs)
            (_squares, _errors) = (_squares + squares, _errors + errors);
        return true;

        void Encode(int piece)
        {
            var (first, count) = (piece * each, Math.Min(each, rows - piece * each));
            var source = weights.AsSpan(first * width, count * width);
            var encoded = bytes.AsSpan(first * rowBytes, count * rowBytes);
            if (GgufEncoding.TryEncode(type, source, encoded, importance.Span))
                costs[piece] = type == GgufType.F32 ? default : Cost(source, encoded);
            else
                Volatile.Write(ref unfit, true);
        }
    }

    private (double Squares, double Errors) Cost(ReadOnlySpan<float> source, ReadOnlySpan<byte> encoded)
    {
        var decoded = new float[source.Length];
        GgufEncoding.Decode(type, encoded, decoded);
        var (squares, errors) = (0.0, 0.0);
        for (var i = 0; i < source.Length; i++)
        {
            double weight = source[i], error = weight - decoded[i];
            (squares, errors) = (squares + weight * weight, errors + error * error);
        }

        return (squares, errors);
    }
}
