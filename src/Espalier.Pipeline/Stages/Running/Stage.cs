using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>
/// A stage: what it reads, what determines it, what it will cost and what it does. A recipe makes a list of them
/// (<c>Planning/RecipeStages</c>); <c>plan</c>, the progress of a run and the run walk that list, and a command makes a list of its own:
/// the same stage has the same key, whoever asks for it.
/// </summary>
internal abstract class Stage
{
    /// <summary>Folder of a model inside the folder of the stage that made it.</summary>
    protected const string ModelName = "model";

    /// <summary>Its name, the first part of its folder's: data, score, prune, distill.</summary>
    public abstract string Name { get; }

    /// <summary>The cycle of pruning and distilling that it belongs to, from 1; null where there is one, or it belongs to none.</summary>
    public int? Cycle { get; init; }

    /// <summary>The round of iterative importance within the cycle, from 1; null where there is one, or it belongs to none.</summary>
    public int? Round { get; init; }

    /// <summary>Says, when what it reads is there, whether it is needed; null where it always is.</summary>
    public Func<bool>? When { get; init; }

    /// <summary>Whether it will have a folder, as far as is known beforehand: ids from a file, taken as they are, have none.</summary>
    public virtual bool HasFolder => true;

    /// <summary>Whether it is needed; asked when what it reads is there.</summary>
    internal virtual bool IsNeeded => When?.Invoke() ?? true;

    /// <summary>What it will do and cost, by shapes alone; null where a plan has no line for it.</summary>
    internal virtual StageForecast? Forecast() => null;

    /// <summary>What it writes, as far as that is something to speak of.</summary>
    internal virtual IEnumerable<DiskForecast> Disk() => [];

    /// <summary>Its forecast with its place in the recipe and what it writes.</summary>
    internal StageForecast? Planned() => Forecast() is not { } forecast ? null : forecast with
    {
        Cycle = Cycle,
        Round = Round,
        DiskBytes = Disk().Sum(file => file.Bytes) is > 0 and var bytes ? bytes : null,
    };

    /// <summary>Does what is missing: what is made is in the stage's slots then.</summary>
    public virtual void Run(RunContext run)
    {
        var record = run.RunStage(Name, Options(), Inputs().ToDictionary(), (folder, checkpoint) => Work(run, folder, checkpoint),
            JudgesArtefacts);
        Take(run, record, run.FolderOf(record));
    }

    /// <summary>What its record has for a key, once what it reads is there.</summary>
    private protected StageKey Identity => StageKey.Of(Name, Options(), Inputs().ToDictionary());

    /// <summary>Says what a training that begins now will lead it to do, where the user may want to stop it.</summary>
    internal virtual void BeforeTraining(RunContext run)
    {
    }

    /// <summary>Its name with cycle and round.</summary>
    protected string Title => StageForecast.TitleOf(Name, Cycle, Round);

    /// <summary>Whether it judges itself which files of an interrupted start are good.</summary>
    protected virtual bool JudgesArtefacts => false;

    /// <summary>The options that shape its result, for its key.</summary>
    protected abstract JsonObject Options();

    /// <summary>Names and hashes of what it reads, for its key; asked when that is there.</summary>
    protected abstract IEnumerable<(string Name, string Hash)> Inputs();

    /// <summary>
    /// Fills the folder, from a checkpoint where an earlier start left one; returns what it found out, nothing that depends on the clock.
    /// </summary>
    protected abstract JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint);

    /// <summary>Puts what was made, now or by an earlier start, into the stage's slots.</summary>
    protected abstract void Take(RunContext run, StageRecord record, string folder);
}
