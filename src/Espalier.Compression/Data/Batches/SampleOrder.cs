using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Batches;

/// <summary>Which window stands at which position of the training stream: a pure function, the same for any number of workers.</summary>
internal abstract class SampleOrder
{
    /// <summary>How many windows there are to choose from.</summary>
    public required long Windows { get; init; }

    /// <summary>The window at a position, 0 or more; sample i of step s with batch B is position s B + i.</summary>
    public abstract long WindowAt(long position);

    /// <summary>0, 1, 2, ... modulo the number of windows.</summary>
    public static SampleOrder Sequential(long windows) => new SequentialOrder { Windows = AtLeastOne(windows) };

    /// <summary>
    /// A new permutation every epoch, keyed by seed and epoch; any position is found in constant time and memory
    /// (<see cref="Permutation"/>). Epochs follow each other without a seam.
    /// </summary>
    public static SampleOrder Shuffled(long windows, long seed) => ShuffledWithin(windows, windows, seed);

    /// <summary>Pieces in their order, the windows of each in a new permutation every epoch (<see cref="PieceShuffle"/>).</summary>
    public static SampleOrder ShuffledWithin(long windows, long pieceWindows, long seed) =>
        new PieceOrder(pieceWindows, seed) { Windows = AtLeastOne(windows) };

    /// <summary>So many windows, evenly spread over all of them.</summary>
    public static SampleOrder Spread(long windows, long count) => new SpreadOrder(count) { Windows = AtLeastOne(windows) };

    /// <summary>These windows, one after the other.</summary>
    public static SampleOrder Listed(IReadOnlyList<long> numbers, long windows) =>
        new ListedOrder(numbers) { Windows = AtLeastOne(windows) };

    /// <summary>Window numbers from a file, little-endian int32, as other programs write them.</summary>
    /// <exception cref="EspalierException">No such file, cut, or a number that is no window.</exception>
    public static SampleOrder FromFile(string path, long windows)
    {
        using var file = TokenFile.Open(path, TokenWidth.Int32, null);
        if (file.Count > Array.MaxLength)
            throw new EspalierException($"{path}: {file.Count} window numbers are more than the {Array.MaxLength} that an order may have");
        var numbers = new int[file.Count];
        file.Read(0, numbers);
        var bad = Array.FindIndex(numbers, number => number >= windows);
        if (bad >= 0)
            throw new EspalierException(
                $"{path}: window {numbers[bad]} at position {bad}, but there are only {windows}; "
                    + "the order was made for other data or another sequence length");
        return new FileOrder(path, numbers) { Windows = AtLeastOne(windows) };
    }

    private static long AtLeastOne(long windows) =>
        windows > 0 ? windows : throw new EspalierException($"the data has {windows} windows; at least 1 is needed");

    private sealed class SequentialOrder : SampleOrder
    {
        public override long WindowAt(long position) => position % Windows;
    }

    private sealed class SpreadOrder(long count) : SampleOrder
    {
        public override long WindowAt(long position) => position * Windows / count;
    }

    private sealed class ListedOrder(IReadOnlyList<long> numbers) : SampleOrder
    {
        public override long WindowAt(long position) => numbers[(int)position];
    }

    private sealed class PieceOrder(long pieceWindows, long seed) : SampleOrder
    {
        public override long WindowAt(long position)
        {
            var (epoch, index) = Math.DivRem(position, Windows);
            return PieceShuffle.At(Windows, pieceWindows, (ulong)seed, epoch, index);
        }
    }

    private sealed class FileOrder(string path, int[] numbers) : SampleOrder
    {
        public override long WindowAt(long position) => position < numbers.Length
            ? numbers[position]
            : throw new EspalierException(
                $"{path}: has {numbers.Length} window numbers, but position {position} "
                    + "is needed; write a longer order or use fewer steps");
    }
}
