using System.Diagnostics;
using Espalier.Server.Metrics;

namespace Espalier.Server.Answers;

/// <summary>When what happened to one answer, for the histograms.</summary>
internal sealed class AnswerTimes(ServerMetrics metrics)
{
    private readonly long _asked = Stopwatch.GetTimestamp();
    private long _last;

    /// <summary>The prompt is worked on.</summary>
    public void Begun() => metrics.QueueSeconds.Observe(Stopwatch.GetElapsedTime(_asked).TotalSeconds);

    /// <summary>An id was chosen.</summary>
    public void Chosen()
    {
        var now = Stopwatch.GetTimestamp();
        if (_last == 0)
            metrics.FirstTokenSeconds.Observe(Stopwatch.GetElapsedTime(_asked, now).TotalSeconds);
        else
            metrics.TokenSeconds.Observe(Stopwatch.GetElapsedTime(_last, now).TotalSeconds);
        _last = now;
    }

    /// <summary>It is over.</summary>
    public void Ended() => metrics.AnswerSeconds.Observe(Stopwatch.GetElapsedTime(_asked).TotalSeconds);
}
