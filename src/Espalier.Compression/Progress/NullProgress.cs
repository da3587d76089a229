namespace Espalier.Compression;

/// <summary>Reports to nobody.</summary>
internal sealed class NullProgress : IProgressReporter, IProgressTask
{
    /// <summary>The one instance.</summary>
    public static NullProgress Instance { get; } = new();

    private NullProgress()
    {
    }

    public IProgressTask Begin(string title, long total, string unit) => this;

    public void Note(string line)
    {
    }

    public void Warn(string line)
    {
    }

    public void Advance(long done, string? detail = null)
    {
    }

    public void Report(long done, string? detail = null)
    {
    }

    public void Dispose()
    {
    }
}
