using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment;

/// <summary>
/// Windows of conversations with windows of text among them, against forgetting (rehearsal; Robins 1995, and mixed into fine-tuning by
/// InstructGPT, arXiv 2203.02155, section 3.5): of the rows of every step so many are text, evenly spread, all of whose tokens count.
/// Both go in orders of their own, so that more text changes nothing about which conversations follow each other.
/// </summary>
internal sealed class ReplayedText : IBatchSource
{
    private readonly WindowSet _conversations;
    private readonly PackedText _answers, _text;
    private readonly int _batch, _texts;

    /// <param name="order">Which of them stands where.</param>
    /// <param name="text">The text, of windows as long.</param>
    /// <param name="textOrder">Which of its windows stands where.</param>
    /// <param name="batch">Rows of a step.</param>
    /// <param name="texts">How many of them are text; at least 1, and fewer than all.</param>
    public ReplayedText(WindowSet conversations, SampleOrder order, WindowSet text, SampleOrder textOrder, int batch, int texts)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(text.SequenceLength, conversations.SequenceLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(texts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(texts, batch);
        (_conversations, _batch, _texts) = (conversations, batch, texts);
        (_answers, _text) = (new(conversations, order), new(text, textOrder));
    }

    public int Sequence => _answers.Sequence;

    /// <summary>The window at a position; those of text have numbers after those of conversations.</summary>
    public long WindowAt(long position) =>
        Place(position) is (true, var at) ? _conversations.Count + _text.WindowAt(at) : _answers.WindowAt(Place(position).At);

    public long CountedTokens(long first, int rows)
    {
        var counted = 0L;
        for (var i = 0; i < rows; i++)
            counted += Place(first + i) is var (isText, at) && isText ? _text.CountedTokens(at, 1) : _answers.CountedTokens(at, 1);
        return counted;
    }

    public Batch Allocate(int rows) => _answers.Allocate(rows);

    public void Fill(Batch batch, long first)
    {
        for (var row = 0; row < batch.Size; row++)
        {
            var (isText, at) = Place(first + row);
            (isText ? _text : _answers).FillRow(batch, row, at);
            batch.Windows[row] = WindowAt(first + row);
        }
    }

    /// <summary>Of which kind a row is, and its place among those of its kind.</summary>
    private (bool IsText, long At) Place(long position)
    {
        var (step, row) = Math.DivRem(position, _batch);
        var (before, after) = (row * _texts / _batch, (row + 1) * _texts / _batch);
        return after > before ? (true, step * _texts + before) : (false, step * (_batch - _texts) + row - before);
    }
}
