using Espalier.Models.Serving;

namespace Espalier.Models.Tests.Serving;

/// <summary>Keeps what it receives.</summary>
internal sealed class Collected(Func<int, bool>? goesOn = null, CancellationTokenSource? leaving = null, int leavesAfter = int.MaxValue)
    : IServedReceiver
{
    private readonly TaskCompletionSource<ServedEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<ServedToken> Tokens { get; } = [];

    public IEnumerable<int> Ids => Tokens.Select(static token => token.Id);

    public int? Reused { get; private set; }

    public Exception? Failure { get; private set; }

    /// <summary>Waits for it.</summary>
    public ServedEnd End => _end.Task.WaitAsync(TimeSpan.FromMinutes(5)).GetAwaiter().GetResult();

    public bool HasEnded => _end.Task.IsCompleted;

    public float[]? Mean { get; private set; }

    public void Embed(float[] mean) => Mean = mean;

    public void Begin(int reused) => Reused = reused;

    public bool Accept(ServedToken token)
    {
        Tokens.Add(token);
        if (Tokens.Count == leavesAfter)
            leaving!.Cancel();
        return goesOn?.Invoke(token.Id) != false;
    }

    void IServedReceiver.End(ServedEnd end, Exception? failure)
    {
        Failure = failure;
        _end.SetResult(end);
    }
}
