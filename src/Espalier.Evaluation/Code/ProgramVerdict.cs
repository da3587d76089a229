namespace Espalier.Evaluation.Code;

/// <summary>How a program ended.</summary>
internal enum ProgramOutcome
{
    /// <summary>All its tests hold.</summary>
    Passed,

    /// <summary>It raised something, or ended before its last line.</summary>
    Failed,

    /// <summary>It took too long.</summary>
    TimedOut,
}

/// <summary>What became of a program.</summary>
/// <param name="Reason">What it raised, or what ended it; empty where it passed. What a program raises is its own text.</param>
internal sealed record ProgramVerdict(ProgramOutcome Outcome, string Reason)
{
    /// <summary>Whether it passed.</summary>
    public bool IsPassed => Outcome == ProgramOutcome.Passed;
}
