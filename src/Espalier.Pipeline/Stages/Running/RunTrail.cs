using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>How far a run is among the stages that were planned.</summary>
/// <param name="planned">The stages, in their order; none where nobody planned.</param>
internal sealed class RunTrail(IReadOnlyList<PlannedStage> planned)
{
    private int _at = -1;

    /// <summary>Where the run is; null before its first planned stage.</summary>
    public RunPosition? Position { get; private set; }

    /// <summary>
    /// Goes on to the next planned stage of that name; what is not planned (samples, a search's candidates) belongs to the one before.
    /// </summary>
    /// <param name="name">The stage.</param>
    /// <param name="arm">The arm at work; empty for any.</param>
    public void Advance(string name, string arm)
    {
        // What a search trains comes before its own stage, which collects it, and stands for it already.
        var at = Find(name == "candidate" ? "search" : name, arm);
        if (at < 0)
            return;
        Position = new(at + 1, planned.Count, planned[at].Name, planned[at].Arm, planned[at].Cycle, planned[at].Round);
        if (name != "candidate")
            _at = at;
    }

    private int Find(string name, string arm)
    {
        for (var i = _at + 1; i < planned.Count; i++)
            if (planned[i].Name == name && (arm.Length == 0 || planned[i].Arm == arm))
                return i;
        return -1;
    }
}
