using System.Collections.Concurrent;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;

namespace Espalier.Models.Serving;

/// <summary>
/// Continues many prompts that come and go (continuous batching, Orca, OSDI 2022): each pass through the model takes the next position of
/// every running sequence, and stretches of prompts beside them; a sequence joins and leaves between any two passes. Keys and values lie in
/// blocks of one pool; prompts that begin alike share them, unless layers are recurrent: a state is one of a fixed size for each sequence
/// that runs. Where the pool is full, the youngest sequence is put back and taken in again later. All rows go through kernels whose results
/// do not depend on what is beside them, so that a request gets, bit for bit, what it gets alone. One thread runs the model. Dispose it.
/// </summary>
internal sealed partial class ServingEngine : IDisposable
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
    private bool _isDisposed;
    private int _open;
    private long _promptTokens, _reusedTokens, _generatedTokens, _steps, _putBack;

    /// <summary>Makes room and starts the thread; the weights stay the caller's.</summary>
    /// <exception cref="EspalierException">A number that cannot be, or room for less than one sequence.</exception>
    public ServingEngine(PackedWeights weights, ServingOptions options)
    {
        (_options, Config) = (options, weights.Config);
        Context = options.Context ?? Config.MaxPositions;
        if (Context < 2 || Context > Config.MaxPositions)
            throw new EspalierException($"a context of {Context} positions; it must be from 2 to the model's {Config.MaxPositions}");
        if (options.Batch < 1 || options.Queue < 0 || options.PromptRows < 1)
            throw new EspalierException(
                $"{options.Batch} sequences at once, {options.Queue} waiting, {options.PromptRows} rows of prompts; they must be at "
                    + "least 1, 0 and 1");
        var blocksOfOne = (Context + ServingOptions.BlockSize - 1) / ServingOptions.BlockSize;
        var bytes = BytesOfBlock(Config);
        var blocks = options.KeyValueBytes is { } room ? room / bytes : (long)options.Batch * blocksOfOne;
        if (blocks < blocksOfOne)
            throw new EspalierException(
                $"{options.KeyValueBytes} bytes of keys and values hold {blocks * ServingOptions.BlockSize} positions, but a context has "
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

    public DecoderConfig Config { get; }

    /// <summary>Most positions of a sequence.</summary>
    public int Context { get; }

    /// <summary>Requests that it takes in at once, at most.</summary>
    public int Room => _options.Queue + _options.Batch;

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
            throw new EspalierException($"the text has {request.Prompt.Count} ids, but the context has {Context} positions: shorten it");
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
            // Under the gate: once it is disposed, nobody who saw it run may ring its bell.
            _work.Release();
        }
        return true;
    }

    /// <summary>
    /// Takes nothing more in; what waits ends unless it was asked for with what has begun, what runs goes on. Returns when it is done, or
    /// cut after the grace time.
    /// </summary>
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
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _work.Dispose();
        }
        _decoder.Dispose();
    }

    // Whoever submits sees it, or is seen by the thread before it ends.
    private void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
            if (!_isDisposed)
                _work.Release();
        }
    }

    private void Serve()
    {
        while (true)
        {
            while (_arrivals.TryDequeue(out var arrived))
                _waiting.AddLast(arrived);
            DropCancelled();
            if (_isStopping)
                EndWaiting(static sequence => !sequence.Group.HasBegun, ServedEnd.ShutDown);
            if (_isCut)
            {
                EndWaiting(static _ => true, ServedEnd.ShutDown);
                EndRunning(ServedEnd.ShutDown, null);
            }
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
        EndWaiting(static sequence => sequence.Cancellation.IsCancellationRequested, ServedEnd.Cancelled);
        foreach (var sequence in _running.Where(static sequence => sequence.Cancellation.IsCancellationRequested).ToArray())
            End(sequence, ServedEnd.Cancelled, null);
    }

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
            EndRunning(ServedEnd.Failed, failure);
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

    private void End(ServedSequence sequence, ServedEnd end, Exception? failure)
    {
        Release(sequence);
        _running.Remove(sequence);
        sequence.Receiver.End(end, failure);
    }

    private void EndRunning(ServedEnd end, Exception? failure)
    {
        foreach (var sequence in _running.ToArray())
            End(sequence, end, failure);
    }

    private void EndWaiting(Func<ServedSequence, bool> isMeant, ServedEnd end)
    {
        foreach (var sequence in _waiting.Where(isMeant).ToArray())
        {
            _waiting.Remove(sequence);
            Interlocked.Decrement(ref _open);
            Release(sequence);
            sequence.Receiver.End(end, null);
        }
    }

    private ServingCounts Count() => new(
        _running.Count, 0, _pool.Count, _pool.Count - _pool.Free, _pool.Kept, _promptTokens, _reusedTokens, _generatedTokens, _steps,
        _putBack);
}
