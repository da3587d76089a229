namespace Espalier.Compression.Tests;

/// <summary>Keeps what is to be looked at.</summary>
internal sealed class Warned : IProgressReporter
{
    public List<string> Lines { get; } = [];

    public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

    public void Note(string line)
    {
    }

    public void Warn(string line) => Lines.Add(line);
}
