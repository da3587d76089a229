namespace Espalier.Compression;

/// <summary>One task of an <see cref="IProgressReporter"/>. Any thread may report, one at a time.</summary>
public interface IProgressTask : IDisposable
{
    /// <summary>Another <paramref name="done"/> units are done.</summary>
    /// <param name="done">Units since the last call.</param>
    /// <param name="detail">What to show next to the bar, such as the loss; null leaves it unchanged.</param>
    void Advance(long done, string? detail = null);

    /// <summary>
    /// Altogether <paramref name="done"/> units are done. A resumed task reports once before its first unit, so that the rate counts only
    /// new ones.
    /// </summary>
    /// <param name="done">Units since the beginning of the task, those of an earlier process included.</param>
    /// <param name="detail">What to show next to the bar; null leaves it unchanged.</param>
    void Report(long done, string? detail = null);
}
