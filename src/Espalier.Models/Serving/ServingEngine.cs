using System.Collections.Concurrent;
using Espalier.Models.Generation;

namespace Espalier.Models.Serving;

/// <summary>
/// Continues many prompts that come and go (continuous batching, Orca, OSDI 2022): each pass through the model takes the next position of
/// every running sequence, and stretches of prompts beside them; a sequence joins and leaves between any two passes. Keys and values lie in
/// blocks of one pool; prompts that begin alike share them, unless layers are recurrent: a state is one of a fixed size for each sequence
/// that runs. Where the pool is full, the youngest sequence is put back and taken in again later. All rows go through kernels whose results
/// do not depend on what is beside them, so that a request gets, bit for bit, what it gets alone. One thread runs the model. Dispose it.
/// </summary>
internal sealed class ServingEngine : IDisposable
{
    private readonly RowDecoder _decoder;
    private readonly BlockPool _pool;
    private readonly StepRows _rows;
    private readonly ServingOptions _options;
    private readonly float[] _untouched;
    private readonly Stack<int> _slots;
    private readonly ConcurrentQueue<ServedSequence> _arrivals = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly LinkedList<ServedSequence> _waiting = [];
    private readonly List<ServedSequence> _running = [];
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private volatile ServingCounts _counts;
    private volatile bool _isStopping, _isCut;
    private int _open;
    private long _promptTokens, _reusedTokens, _generatedTokens, _steps, _putBack;

    /// <summary>Makes room and starts the thread; the weights stay the caller's.</summary>
    /// <exception cref="EspalierException">A number that cannot be, or room for less than one sequence.</exception>
    public ServingEngine(PackedWeights weights, ServingOptions options)
    {
        (_options, Config) = (options, weights.Config);
        Context = options.Context ?? Config.MaxPositions;
        if (Context < 2 || Context > Config.MaxPositions)
            throw new EspalierException($"a context of {Context} positions, and the model has {Config.MaxPositions}: from 2 to those");
        if (options.Batch < 1 || options.Queue < 0 || options.PromptRows < 1)
            throw new EspalierException(
                $"{options.Batch} sequences at once, {options.Queue} waiting, {options.PromptRows} rows of prompts: at least 1, 0 and 1");
        var blocksOfOne = (Context + ServingOptions.BlockSize - 1) / ServingOptions.BlockSize;
        var bytes = BytesOfBlock(Config);
        var blocks = options.KeyValueBytes is { } room ? room / bytes : (long)options.Batch * blocksOfOne;
        if (blocks < blocksOfOne)
            throw new EspalierException(
                $"{options.KeyValueBytes} bytes of keys and values hold {blocks * ServingOptions.BlockSize} positions, and a context has "
                    + $"{Context}: give at least {blocksOfOne * bytes} bytes or a shorter context");
        // More than all sequences can use is kept for prompts that begin alike; rows are counted by an int.
        blocks = Math.Min(blocks, int.MaxValue / ServingOptions.BlockSize);
        _pool = new((int)blocks, ServingOptions.BlockSize);
        _rows = new(options.Batch + options.PromptRows);
        _untouched = new float[Config.VocabularySize];
        _decoder = new(weights, _pool.Count, ServingOptions.BlockSize, options.Batch + options.PromptRows, options.Batch, Context,
            slots: options.Batch);
        _slots = new(Enumerable.Range(0, options.Batch).Reverse());
        _counts = Count();
        _thread = new(Serve) { IsBackground = true, Name = "serving" };
        _thread.Start();
    }

    /// <summary>The model's shape.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Most positions of a sequence.</summary>
    public int Context { get; }

    /// <summary>Whether it takes nothing more in.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>What it has done and does, as of the last pass.</summary>
    public ServingCounts Counts => _counts with { Waiting = Volatile.Read(ref _open) };

    /// <summary>Bytes of the keys and values of a block.</summary>
    public static long BytesOfBlock(DecoderConfig config) =>
        Math.Max(1, config.KeyValueBytesPerToken(sizeof(float))) * ServingOptions.BlockSize;

    /// <summary>Takes a request in; false where as many wait as may, or the engine is stopping.</summary>
    /// <param name="request">The request.</param>
    /// <param name="receiver">Receives what follows, on the engine's thread.</param>
    /// <param name="cancellation">Ends it before its next id.</param>
    /// <exception cref="EspalierException">A prompt that cannot be continued, or options that cannot be.</exception>
    public bool TrySubmit(ServedRequest request, IServedReceiver receiver, CancellationToken cancellation = default)
    {
        Generator.Check(Config, request.Prompt, request.MaxTokens, request.Options);
        if (request.Embeds && request.Prompt.Count > Context)
            throw new EspalierException($"the text has {request.Prompt.Count} ids and the context {Context} positions: shorten it");
        if (!request.Embeds && request.Prompt.Count >= Context)
            throw new EspalierException(
                $"the prompt has {request.Prompt.Count} ids, which leaves no room for an answer in a context of {Context}: shorten it");
        var arrival = new ServedSequence(request, receiver, Context, Config.LongAfter, cancellation);
        lock (_gate)
        {
            if (_isStopping || _open >= _options.Queue + Math.Max(0, _options.Batch - _counts.Running))
                return false;
            Interlocked.Increment(ref _open);
            _arrivals.Enqueue(arrival);
        }
        _work.Release();
        return true;
    }

    /// <summary>Takes nothing more in; what waits ends, what runs goes on. Returns when it is done, or cut after the grace time.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        Stop();
        if (await Task.Run(() => _thread.Join(grace)).ConfigureAwait(false))
            return;
        _isCut = true;
        await Task.Run(_thread.Join).ConfigureAwait(false);
    }

    /// <summary>Cuts what runs, and frees the room.</summary>
    public void Dispose()
    {
        _isCut = true;
        Stop();
        _thread.Join();
        _decoder.Dispose();
        _work.Dispose();
    }

    // Whoever submits sees it, or is seen by the thread before it ends.
    private void Stop()
    {
        lock (_gate)
            _isStopping = true;
        _work.Release();
    }

    private void Serve()
    {
        while (true)
        {
            while (_arrivals.TryDequeue(out var arrived))
                _waiting.AddLast(arrived);
            DropCancelled();
            if (_isStopping)
                EndAll(_waiting, ServedEnd.ShutDown, null);
            if (_isCut)
                EndAll(_running, ServedEnd.ShutDown, null);
            Admit();
            if (_running.Count > 0)
                Step();
            _counts = Count();
            if (_running.Count > 0 || _waiting.Count > 0 || !_arrivals.IsEmpty)
                continue;
            lock (_gate)
                if (_isStopping && _arrivals.IsEmpty)
                    return;
            _work.Wait();
        }
    }

    private void DropCancelled()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var (sequence, next) = (node.Value, node.Next);
            if (sequence.Cancellation.IsCancellationRequested)
            {
                _waiting.Remove(node);
                Interlocked.Decrement(ref _open);
                sequence.Receiver.End(ServedEnd.Cancelled, null);
            }
            node = next;
        }
        foreach (var sequence in _running.Where(static sequence => sequence.Cancellation.IsCancellationRequested).ToArray())
            End(sequence, ServedEnd.Cancelled, null);
    }

    // First come, first served: who needs more room than there is holds up those after it.
    private void Admit()
    {
        while (_running.Count < _options.Batch && _waiting.First is { } first)
        {
            var sequence = first.Value;
            Share(sequence);
            if (_pool.Free < Missing(sequence) + _running.Sum(Missing))
            {
                sequence.Release(_pool);
                return;
            }
            _waiting.RemoveFirst();
            Interlocked.Decrement(ref _open);
            if (sequence.Request is { MaxTokens: 0, Embeds: false })
            {
                sequence.Release(_pool);
                sequence.Receiver.End(ServedEnd.Length, null);
                continue;
            }
            sequence.Slot = _slots.Pop();
            _running.Add(sequence);
        }
    }

    // Blocks up to its next id.
    private int Missing(ServedSequence sequence) => Math.Max(0, _pool.BlocksOf(sequence.Places) - sequence.Blocks.Count);

    private void Step()
    {
        _rows.Clear();
        Plan();
        if (_rows.Count == 0)
            return;
        try
        {
            _rows.Run(_decoder);
            _steps++;
        }
#pragma warning disable CA1031 // whoever asked hears of it, and the next one is served
        catch (Exception failure)
#pragma warning restore CA1031
        {
            EndAll(_running, ServedEnd.Failed, failure);
            return;
        }
        var row = 0;
        foreach (var (sequence, count) in _rows.Parts)
        {
            var isWhole = count == sequence.Pending;
            sequence.Advance(count, _pool);
            if (isWhole && sequence.Request.Embeds)
                Embed(sequence);
            else if (isWhole)
                Choose(sequence, row++);
        }
    }

    private void Choose(ServedSequence sequence, int row) => Alone(sequence, () =>
    {
        _generatedTokens++;
        var end = sequence.Choose(_decoder.Logits(row), _untouched);
        if (sequence.IsToBegin)
            sequence.Release(_pool);
        return end;
    });

    private void Embed(ServedSequence sequence) => Alone(sequence, () =>
    {
        sequence.Embed();
        return ServedEnd.Complete;
    });

    private void Alone(ServedSequence sequence, Func<ServedEnd?> act)
    {
        try
        {
            if (act() is { } end)
                End(sequence, end, null);
        }
#pragma warning disable CA1031 // one request's trouble is not another's
        catch (Exception failure)
#pragma warning restore CA1031
        {
            End(sequence, ServedEnd.Failed, failure);
        }
    }

    // Those that go on come first, the oldest before the others; then prompts, in the order in which they came.
    private void Plan()
    {
        for (var i = 0; i < _running.Count; i++)
            if (_running[i].Pending == 1 && _running[i].HasBegun && HasRoom(_running[i], 1, mayPutBack: true))
                _rows.Add(_running[i], 1);
        var left = _options.PromptRows;
        for (var i = 0; i < _running.Count && left > 0; i++)
        {
            var sequence = _running[i];
            if (sequence.Pending == 1 && sequence.HasBegun)
                continue;
            Share(sequence);
            if (!sequence.HasBegun)
            {
                _promptTokens += sequence.Ids.Count;
                _reusedTokens += sequence.Done;
            }
            var count = Math.Min(left, sequence.Pending);
            // Of what is there already nothing is taken from those that go on in this pass.
            while (count > 0 && !HasRoom(sequence, count, mayPutBack: _rows.Count == 0))
                count = Math.Min(count - 1, sequence.Blocks.Count * _pool.Size - sequence.Done);
            if (count <= 0)
                return;
            sequence.Begin();
            _rows.Add(sequence, count);
            left -= count;
        }
    }

    // Blocks for its next positions; the youngest that runs is put back for them, be it this one itself.
    private bool HasRoom(ServedSequence sequence, int positions, bool mayPutBack)
    {
        while (sequence.Blocks.Count < _pool.BlocksOf(sequence.Done + positions))
        {
            if (_pool.TryTake(out var block))
            {
                sequence.Blocks.Add(block);
                continue;
            }
            if (!mayPutBack)
                return false;
            var youngest = _running[^1];
            _running.RemoveAt(_running.Count - 1);
            Release(youngest);
            _waiting.AddFirst(youngest);
            Interlocked.Increment(ref _open);
            _putBack++;
            if (youngest == sequence)
                return false;
        }
        return true;
    }

    // What begins alike is in the blocks; of a state there is none for each position, so that nothing is shared where layers have one.
    private void Share(ServedSequence sequence)
    {
        if (!Config.IsRecurrent)
            sequence.Share(_pool);
    }

    // Gives blocks and slot back.
    private void Release(ServedSequence sequence)
    {
        sequence.Release(_pool);
        if (sequence.Slot >= 0)
            _slots.Push(sequence.Slot);
        sequence.Slot = -1;
    }

    private void End(ServedSequence sequence, ServedEnd end, Exception? failure)
    {
        Release(sequence);
        _running.Remove(sequence);
        sequence.Receiver.End(end, failure);
    }

    private void EndAll(ICollection<ServedSequence> sequences, ServedEnd end, Exception? failure)
    {
        foreach (var sequence in sequences.ToArray())
        {
            if (sequences == _waiting)
                Interlocked.Decrement(ref _open);
            Release(sequence);
            sequence.Receiver.End(end, failure);
        }
        sequences.Clear();
    }

    private ServingCounts Count() => new(
        _running.Count, 0, _pool.Count, _pool.Count - _pool.Free, _pool.Kept, _promptTokens, _reusedTokens, _generatedTokens, _steps,
        _putBack);
}
