using Espalier.Models.Generation.Packed;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Models.Generation.Prompts;

/// <summary>
/// Takes prompts in, on <see cref="PackedWeights"/>, many positions at once, into a cache that is there. What a position gives depends on
/// those before it alone, to the bit. After the last layer's keys and values only the last position is wanted, so that the rest of that
/// layer goes without the others. Dispose it.
/// </summary>
internal sealed class PromptDecoder : IDisposable
{
    /// <summary>Positions at once.</summary>
    public const int Most = 512;

    private readonly PackedWeights _weights;
    private readonly int _capacity;
    private readonly PromptWorkspace _work;
    private readonly PromptBlock[] _blocks;

    /// <summary>Over a cache of sequences, a row of keys and of values a position; weights and cache stay the caller's.</summary>
    /// <param name="weights">The weights, of a model that <see cref="Takes"/> says.</param>
    /// <param name="capacity">Positions of a sequence.</param>
    /// <param name="keys">Of each layer with attention the keys.</param>
    /// <param name="values">The same of values.</param>
    public PromptDecoder(PackedWeights weights, int capacity, RowBuffer?[] keys, RowBuffer?[] values)
    {
        (_weights, _capacity) = (weights, capacity);
        _work = new(weights.Config, Math.Min(Most, capacity));
        _blocks = [.. Enumerable.Range(0, weights.Config.Layers).Select(
            layer => new PromptBlock(weights, layer, _work, keys[layer], values[layer]))];
    }

    /// <summary>
    /// Whether a model's prompts go through here: of attention and dense halves, where vectors have 256 bits at least; libtorch's products
    /// are faster elsewhere.
    /// </summary>
    public static bool Takes(DecoderConfig config) => Width.Bits > 128 && config.LayerKinds.All(PromptBlock.Takes);

    /// <summary>
    /// Floating-point operations of a prompt and the logits after it, those of the last layer's positions that are not wanted left out
    /// where they are not computed.
    /// </summary>
    public static double Operations(DecoderConfig config, int positions)
    {
        var (head, layers) = (2.0 * config.VocabularySize * config.HiddenSize, config.Layers);
        double Each(int length) => config.ForwardFlopsPerToken(length) - head;
        double Before(int length) => layers == 1 ? 0 : Axis.Layers.With(config, layers - 1).ForwardFlopsPerToken(length) - head;
        if (!Takes(config))
            return positions * Each(positions) + head;
        var remembered = config.LayerKinds[layers - 1].HasAttention ? 4.0 * config.HiddenSize * config.KeyValueHeads * config.HeadDim : 0;
        // The last position sees them all, as the mean one of a pass over twice as many does.
        var whole = 2 * positions - 1;
        return positions * (Before(positions) + remembered) + Each(whole) - Before(whole) - remembered + head;
    }

    /// <summary>Takes a sequence's first ids in.</summary>
    /// <param name="sequence">Which one.</param>
    /// <param name="ids">The ids, at least one.</param>
    /// <param name="turns">Rows of cosines and sines by position, of each of <see cref="DecoderConfig.Rotaries"/>.</param>
    /// <param name="last">The stream of the last position.</param>
    /// <param name="stop">Looked at before each layer of a piece.</param>
    public void Begin(
        int sequence, ReadOnlySpan<int> ids, ReadOnlySpan<(RowBuffer Cos, RowBuffer Sin)> turns, Span<float> last, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ids.Length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Length, _capacity);
        for (var first = 0; first < ids.Length; first += Most)
        {
            var count = Math.Min(Most, ids.Length - first);
            _weights.Embed(ids.Slice(first, count), _work.Embedded);
            PanelOps.FromRows(_work.Embedded, 0, count, _work.Stream);
            for (var i = 0; i < turns.Length; i++)
            {
                PanelOps.FromRows(turns[i].Cos, first, count, _work.Turns[i].Cos);
                PanelOps.FromRows(turns[i].Sin, first, count, _work.Turns[i].Sin);
            }
            var place = (sequence * _capacity, first, count);
            foreach (var block in _blocks.AsSpan(0, _blocks.Length - 1))
            {
                stop.ThrowIfCancellationRequested();
                block.Forward(place);
            }
            _blocks[^1].End(place, isWanted: first + count == ids.Length);
        }
        _work.Stream.CopyTo((ids.Length - 1) % PanelBuffer.Wide, last);
    }

    public void Dispose() => _work.Dispose();
}
