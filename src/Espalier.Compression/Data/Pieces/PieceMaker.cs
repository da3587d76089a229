using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Pieces;

/// <summary>
/// Makes pieces one after the other in a thread of its own, up to the one it is allowed, and keeps its place in the source in between.
/// Dispose it.
/// </summary>
internal sealed class PieceMaker : IDisposable
{
    private readonly PieceSource _source;
    private readonly CancellationTokenSource _stop;
    private readonly object _gate = new();
    private readonly CancellationTokenRegistration _wake;
    private readonly Task _work;
    private int _next, _allowed;

    /// <param name="first">Which.</param>
    /// <param name="stop">Cancelled when the run ends.</param>
    public PieceMaker(PieceSource source, int first, CancellationToken stop)
    {
        (_source, _next, _allowed) = (source, first, first);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _wake = _stop.Token.Register(Wake);
        _work = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _work.ContinueWith(_ => Wake(), TaskScheduler.Default);
    }

    /// <summary>The piece that is made, or will be next.</summary>
    public int Next
    {
        get
        {
            lock (_gate)
                return _next;
        }
    }

    /// <summary>Whether it will make no more: all are made, or it failed.</summary>
    public bool IsOver => _work.IsCompleted;

    /// <summary>Lets it go on up to a piece.</summary>
    public void Allow(int piece)
    {
        lock (_gate)
            _allowed = Math.Max(_allowed, piece);
        Wake();
    }

    /// <summary>Waits until a piece is made.</summary>
    /// <param name="piece">Which, one that it is allowed.</param>
    /// <exception cref="EspalierException">It cannot be made.</exception>
    /// <exception cref="OperationCanceledException">The run ends.</exception>
    public void Wait(int piece)
    {
        lock (_gate)
            while (_next <= piece && !_work.IsCompleted)
                Monitor.Wait(_gate);
        if (Next <= piece)
            _work.GetAwaiter().GetResult();
    }

    /// <summary>Ends the making; what is half made goes.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _work.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        _wake.Dispose();
        _stop.Dispose();
    }

    private void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    private void Work()
    {
        TokenStoreWriter? writer = null;
        var (index, skip) = (_source.Index, _source.Index.Pieces[_next].Skip);
        try
        {
            _source.Read(_next, document =>
            {
                var ids = document.Ids.Span[(int)Math.Min(skip, document.Ids.Length)..];
                skip = 0;
                while (ids.Length > 0 && _next < index.Pieces.Count)
                {
                    writer ??= Begin();
                    var count = (int)Math.Min(ids.Length, index.TokensOf(_next) - writer.Count);
                    writer.Append(ids[..count], 0);
                    ids = ids[count..];
                    if (writer.Count < index.TokensOf(_next))
                        continue;
                    End(writer);
                    writer = null;
                }
            }, () => _next == index.Pieces.Count, _stop.Token);
            if (_next < index.Pieces.Count)
                throw Changed("ends");
        }
        catch (EspalierException error) when (error.ExitCode != 1)
        {
            // Whatever it is, the run has begun, and can go on: it is no wrong input that lets nothing be done.
            throw new EspalierException(
                $"{error.Message}; the training reads {_source.Index.Source} while it runs: fix that and run the same command again",
                error.InnerException ?? error)
            { ExitCode = 1 };
        }
        finally
        {
            writer?.Dispose();
        }
    }

    private TokenStoreWriter Begin()
    {
        lock (_gate)
            while (_next > _allowed && !_stop.IsCancellationRequested)
                Monitor.Wait(_gate);
        _stop.Token.ThrowIfCancellationRequested();
        DiskSpace.Require(_source.Folder, _source.Index.TokensOf(_next) * _source.Index.BytesOfToken, "a piece of the training tokens");
        return new(_source.PathOf(_next), _source.Encoder, _source.Index.Source);
    }

    private void End(TokenStoreWriter writer)
    {
        string made;
        using (writer)
            made = writer.Finish().TokensSha256;
        if (made != _source.Index.Pieces[_next].Sha256)
        {
            _source.Delete(_next);
            throw Changed("holds something else");
        }
        lock (_gate)
            _next++;
        Wake();
    }

    private EspalierException Changed(string what) => new(
        $"{_source.Index.Source}: the text changed while the run was reading it: piece {_next + 1} of {_source.Index.Pieces.Count} of "
            + $"its tokens {what} (expected sha256 {_source.Index.Pieces[_next].Sha256[..12]}); restore the text and run the same command "
        + "again, or start over with the changed text")
    { ExitCode = 1 };
}
