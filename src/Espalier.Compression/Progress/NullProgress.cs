namespace Espalier.Compression;

/// <summary>Reports to nobody.</summary>
internal sealed class NullProgress : IProgressReporter, IProgressTask
{
    /// <summary>The one instance.</summary>
    public static NullProgress Instance { get; } = new();

    private NullProgress()
    {
    }

    /// <inheritdoc/>
    public IProgressTask Begin(string title, long total, string unit) => this;

    /// <inheritdoc/>
    public void Note(string line)
    {
    }

    /// <inheritdoc/>
    public void Warn(string line)
    {
    }

    /// <inheritdoc/>
    public void Advance(long done, string? detail = null)
    {
    }

    /// <inheritdoc/>
    public void Report(long done, string? detail = null)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
