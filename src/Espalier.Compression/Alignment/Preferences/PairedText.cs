using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment.Preferences;

/// <summary>Windows of pairs in an order. What counts is pairs: a step's loss is the mean over them.</summary>
internal sealed class PairedText(PreferenceSet set, SampleOrder order) : IBatchSource
{
    private readonly PackedText _text = new(set.Windows, order);

    public int Sequence => _text.Sequence;

    public long WindowAt(long position) => _text.WindowAt(position);

    public long CountedTokens(long first, int rows)
    {
        var pairs = 0L;
        for (var i = 0; i < rows; i++)
            pairs += set.Of(WindowAt(first + i)) is var (begin, end) ? end - begin : 0;
        return pairs;
    }

    public Batch Allocate(int rows) => _text.Allocate(rows);

    public void Fill(Batch batch, long first) => _text.Fill(batch, first);
}
