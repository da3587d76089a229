using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Prompts;
using Espalier.Models.Rotary;
using Espalier.Torch.Kernels;

namespace Espalier.Models.Generation.Rows;

/// <summary>
/// Continues several sequences, each with keys and values of its own, on <see cref="PackedWeights"/>. A prompt goes through
/// <see cref="PromptDecoder"/>, or through the blocks of <see cref="Decoder"/>, many positions at once; what follows goes token by token
/// through kernels that read each weight once for all sequences, without a tensor or a managed object for each. What a sequence gets does
/// not depend on the others.
/// </summary>
internal sealed class RowDecoder : IDisposable
{
    /// <summary>Prompts up to this length go through the kernels of single tokens, their positions as rows.</summary>
    public const int ShortPrompt = 8;

    // Bytes of weights, which each four rows read once, and of keys and values, below which rows are done before a second thread has been
    // woken for each of their products.
    private const long Few = 48 << 20;

    private readonly PackedWeights _weights;
    private readonly long _bytes, _bytesOfPosition;
    private readonly int _capacity, _longAfter;
    private readonly RowWorkspace _work;
    private readonly RowBuffer?[] _keys, _values;
    private readonly RowStates?[] _states;
    private readonly RowBlock[] _blocks;
    private readonly PackedNorm _finalNorm;
    private readonly MatrixProduct<RowBuffer> _head;
    private readonly RotaryTables _rotary;
    private readonly (RowBuffer Cos, RowBuffer Sin)[] _turns, _longTurns;
    private PromptDecoder? _prompts;

    /// <summary>Room for a number of sequences of so many positions each; the weights stay the caller's.</summary>
    public RowDecoder(PackedWeights weights, int sequences, int capacity)
        : this(weights, sequences, capacity, Math.Max(sequences, ShortPrompt), sequences, capacity, sequences)
    { }

    /// <summary>
    /// Room for a number of blocks of so many positions, of which sequences are made up (<see cref="Take"/>); the weights stay the
    /// caller's.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="sequences">Blocks.</param>
    /// <param name="capacity">Positions of each.</param>
    /// <param name="rows">Most rows that go through at once.</param>
    /// <param name="wanted">Most rows whose logits are asked for at once.</param>
    /// <param name="positions">Most positions of a sequence.</param>
    /// <param name="slots">Sequences that run at once: of layers that are recurrent each has a state.</param>
    public RowDecoder(PackedWeights weights, int sequences, int capacity, int rows, int wanted, int positions, int slots)
    {
        var config = weights.Config;
        (_weights, _bytes, _capacity, _longAfter) = (weights, weights.Bytes, capacity, config.LongAfter);
        _bytesOfPosition = 2L * config.LayerKinds.Count(kind => kind.HasAttention) * config.KeyValueHeads * config.HeadDim * sizeof(float);
        _work = new(config, rows, wanted);
        RowBuffer? Cache(int layer) => !config.LayerKinds[layer].HasAttention ? null
            : new((long)sequences * capacity, (long)config.KeyValueHeads * config.HeadDim);
        _keys = [.. Enumerable.Range(0, config.Layers).Select(Cache)];
        _values = [.. Enumerable.Range(0, config.Layers).Select(Cache)];
        _states = [.. Enumerable.Range(0, config.Layers)
            .Select(layer => StateShape.Of(config, config.LayerKinds[layer]) is { } shape ? new RowStates(shape, slots) : null)];
        _blocks = [.. Enumerable.Range(0, config.Layers)
            .Select(layer => new RowBlock(weights, layer, _work, _keys[layer], _values[layer], _states[layer]))];
        _finalNorm = new(weights, ParameterRole.FinalNorm, ParameterRole.FinalNormBias, -1);
        _head = new(weights.Head, null, _work.Logits);
        _rotary = new(config, DType.Float32, Device.Cpu);
        using var scope = TensorScope.Begin();
        (RowBuffer, RowBuffer)[] Turns(bool isLong) =>
            [.. _rotary.At(0, positions, isLong).All.Select(table => (RowBuffer.Of(table.Cos), RowBuffer.Of(table.Sin)))];
        _turns = Turns(isLong: false);
        _longTurns = positions > _longAfter ? Turns(isLong: true) : _turns;
    }

    /// <summary>
    /// Whether a text that has grown to a length has just become a long one (<see cref="DecoderConfig.LongAfter"/>): its keys and values
    /// are of no use any more, and it is to be begun again with all its ids.
    /// </summary>
    public bool IsToBegin(int length) => length == _longAfter + 1L;

    public bool IsLong(int length) => length > _longAfter;

    /// <summary>Takes a sequence's first ids in, and gives the logits after the last of them; good until the next call.</summary>
    /// <param name="sequence">Which one.</param>
    /// <param name="ids">Its ids.</param>
    /// <param name="stop">Looked at between pieces or layers; the sequence is to be begun anew then.</param>
    public Span<float> Begin(int sequence, ReadOnlySpan<int> ids, CancellationToken stop = default)
    {
        if (ids.Length > ShortPrompt)
        {
            if (PromptDecoder.Takes(_weights.Config))
                (_prompts ??= new(_weights, _capacity, _keys, _values)).Begin(
                    sequence, ids, IsLong(ids.Length) ? _longTurns : _turns, _work.Stream.Row(0), stop);
            else
                BeginByBlocks(sequence, ids, stop);
            Finish(1);
            return Logits(0);
        }
        Span<int> sequences = stackalloc int[ids.Length], positions = stackalloc int[ids.Length];
        sequences.Fill(sequence);
        Span<int> lengths = stackalloc int[ids.Length];
        lengths.Fill(ids.Length);
        for (var i = 0; i < ids.Length; i++)
            positions[i] = i;
        Run(sequences, sequences, positions, ids, lengths);
        _work.Stream.Row(ids.Length - 1).CopyTo(_work.Stream.Row(0));
        Finish(1);
        return Logits(0);
    }

    /// <summary>
    /// Takes the next id of each of some sequences in, none of which <see cref="IsToBegin"/>; <see cref="Logits"/> are those after them.
    /// </summary>
    public void Next(ReadOnlySpan<int> sequences, ReadOnlySpan<int> positions, ReadOnlySpan<int> ids)
    {
        Run(sequences, sequences, positions, ids, default);
        Finish(sequences.Length);
    }

    /// <summary>
    /// Takes rows in, several positions of a sequence too where they are in order; each sees the positions of its sequence up to its own.
    /// A row's bits depend neither on the others nor on where its blocks lie.
    /// </summary>
    /// <param name="table">Of each row the blocks of its sequence in order, the same number for each.</param>
    /// <param name="slots">Of each row where the states of its sequence lie, which recurrent layers have.</param>
    /// <param name="positions">Of each row its position in its sequence.</param>
    /// <param name="ids">Of each row its id.</param>
    /// <param name="wanted">As <see cref="Want"/> has it, which is called.</param>
    /// <param name="lengths">Of each row how long its text is by now, the ids that are still to come included, which LongRoPE goes by;
    /// none where that is one more than its position.</param>
    public void Take(
        ReadOnlySpan<int> table, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions, ReadOnlySpan<int> ids, ReadOnlySpan<int> wanted,
        ReadOnlySpan<int> lengths = default)
    {
        Run(table, slots, positions, ids, lengths);
        Want(wanted);
    }

    /// <summary>The same as <see cref="Take"/>, and what is wanted of the rows is said later.</summary>
    public void TakeIn(
        ReadOnlySpan<int> table, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions, ReadOnlySpan<int> ids,
        ReadOnlySpan<int> lengths = default) => Run(table, slots, positions, ids, lengths);

    /// <summary>Norms the first rows that were taken in, for <see cref="Hidden"/>; before <see cref="Want"/>.</summary>
    public void Norm(int rows) => _finalNorm.Forward(_work.Stream, rows, _work.Normed);

    /// <summary>A row after the final norm.</summary>
    public ReadOnlySpan<float> Hidden(int row) => _work.Normed.Row(row);

    /// <summary>Computes logits of rows that were taken in; once for each <see cref="TakeIn"/>.</summary>
    /// <param name="wanted">Rows whose logits are asked for, ascending: the first of them has <see cref="Logits"/> of 0.</param>
    public void Want(ReadOnlySpan<int> wanted)
    {
        for (var i = 0; i < wanted.Length; i++)
            _work.Stream.Row(wanted[i]).CopyTo(_work.Stream.Row(i));
        if (wanted.Length > 0)
            Finish(wanted.Length);
    }

    /// <summary>The logits of a row, which may be overwritten.</summary>
    public Span<float> Logits(int row) => _work.Logits.Row(row);

    public void Dispose()
    {
        foreach (var buffer in _keys.Concat(_values).Concat(_turns.Union(_longTurns).SelectMany(turns => new[] { turns.Cos, turns.Sin })))
            buffer?.Dispose();
        foreach (var states in _states)
            states?.Dispose();
        _prompts?.Dispose();
        _work.Dispose();
        _rotary.Dispose();
    }

    private void Run(
        ReadOnlySpan<int> table, ReadOnlySpan<int> slots, ReadOnlySpan<int> positions, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths)
    {
        var seen = 0L;
        foreach (var position in positions)
            seen += position + 1;
        using var alone = Workers.Alone(IsLittle(ids.Length, seen));
        _weights.Embed(ids, _work.Stream);
        for (var row = 0; row < ids.Length; row++)
        {
            var turns = IsLong(lengths.IsEmpty ? positions[row] + 1 : lengths[row]) ? _longTurns : _turns;
            for (var i = 0; i < turns.Length; i++)
            {
                turns[i].Cos.Row(positions[row]).CopyTo(_work.Turns[i].Cos.Row(row));
                turns[i].Sin.Row(positions[row]).CopyTo(_work.Turns[i].Sin.Row(row));
            }
        }
        var places = new RowPlaces(table, slots, positions, _capacity);
        foreach (var block in _blocks)
            block.Forward(places);
    }

    private bool IsLittle(int rows, long seen) => _bytes * Math.Max(1, rows / 4) + _bytesOfPosition * seen < Few;

    private void Finish(int rows)
    {
        using var alone = Workers.Alone(IsLittle(rows, seen: 0));
        _finalNorm.Forward(_work.Stream, rows, _work.Normed);
        RowOps.Product(_work.Normed, rows, adds: false, _head);
        var config = _weights.Config;
        if (config.LogitCap is { } cap)
            RowOps.Cap(_work.Logits, rows, 1 / config.LogitDivisor, cap);
        else if (config.LogitDivisor != 1)
            RowOps.Scale(_work.Logits, rows, 1 / config.LogitDivisor);
    }

    // Through the blocks of the decoder, on tensors: recurrent layers, and mixtures of experts.
    private void BeginByBlocks(int sequence, ReadOnlySpan<int> ids, CancellationToken stop)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (T, config) = (ids.Length, _weights.Config);
        Tensor? Own(RowBuffer? buffer) =>
            buffer?.Tensor.View(-1, _capacity, config.KeyValueHeads, config.HeadDim).Slice(0, sequence, sequence + 1);
        var cache = new KeyValueCache(
            [.. _keys.Select(Own)], [.. _values.Select(Own)], [.. _states.Select(states => states?.Begin(sequence))], _capacity);
        using var embedded = new RowBuffer(T, config.HiddenSize);
        _weights.Embed(ids, embedded);
        var x_1TD = embedded.Tensor.View(1, T, -1);
        var context = new ForwardContext(_rotary.At(0, T), Masks: null, Begins: null, cache, Tap: null, ComputeType.Float32);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            stop.ThrowIfCancellationRequested();
            using var unpacked = TensorScope.Begin();
            x_1TD = unpacked.Keep(new DecoderParts(config, _weights.Unpack(layer)).Block(layer).Forward(x_1TD, context));
        }
        x_1TD.Select(1, T - 1).View(-1).CopyTo(_work.Stream.Row(0));
    }
}
