using System.Runtime.ExceptionServices;

namespace Espalier.Compression.Training;

/// <summary>
/// Copies of tensors that a thread of its own makes while training goes on: from one optimizer's step to the next nothing writes weights or
/// moments, and the passes between them take longer than the copy. Who is about to write or free them calls <see cref="Wait"/>. Safe for
/// use by several threads.
/// </summary>
internal sealed class SnapshotCopy
{
    private readonly IReadOnlyList<(Tensor From, long First, byte[] To)> _pieces;
    private readonly TaskCompletionSource _done = new();
    private volatile ExceptionDispatchInfo? _failure;
    private int _last = -1, _open;

    /// <param name="pieces">From which byte of which tensor to where. The arrays are the copy's until it is done.</param>
    /// <param name="starting">Called by the thread that copies before its first piece; tests hold it up.</param>
    public SnapshotCopy(IReadOnlyList<(Tensor From, long First, byte[] To)> pieces, Action? starting = null)
    {
        (_pieces, _open) = (pieces, pieces.Count);
        if (_open == 0)
            _done.SetResult();
        new Thread(() =>
        {
            starting?.Invoke();
            CopyPieces();
        })
        { IsBackground = true, Name = "snapshot" }.Start();
    }

    /// <summary>
    /// Helps, and returns when nothing is read any more. An error is no matter of who waits: what it waits with is intact.
    /// </summary>
    public void Wait()
    {
        CopyPieces();
        _done.Task.Wait();
    }

    /// <summary>Returns when all is copied.</summary>
    /// <exception cref="Exception">Why a piece was not.</exception>
    public void Complete()
    {
        _done.Task.Wait();
        _failure?.Throw();
    }

    private void CopyPieces()
    {
        for (int i; (i = Interlocked.Increment(ref _last)) < _pieces.Count;)
        {
            try
            {
                _pieces[i].From.CopyBytesTo(_pieces[i].First, _pieces[i].To);
            }
#pragma warning disable CA1031 // whatever it is, it is thrown where the copy is used
            catch (Exception error)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(error);
            }
            if (Interlocked.Decrement(ref _open) == 0)
                _done.SetResult();
        }
    }
}
