namespace Espalier.Pipeline.Runs;

/// <summary>How a start of a run ended.</summary>
internal enum RunEnd
{
    /// <summary>Everything was done.</summary>
    Done,

    /// <summary>Stopped by a signal, after saving.</summary>
    Interrupted,

    /// <summary>By an error.</summary>
    Failed,
}

/// <summary>The end of a run's last start, in <c>run.json</c>; a start that was killed leaves none.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Message">What went wrong; null where nothing did.</param>
/// <param name="Ended">When.</param>
internal sealed record RunOutcome(RunEnd End, string? Message, DateTimeOffset Ended);
