namespace Espalier.Pipeline.Runs.Folders;

/// <summary>How a run folder is laid out: <c>docs/runs.md</c> says what each name holds.</summary>
internal static class RunLayout
{
    /// <summary>The folder of the stages' folders.</summary>
    public const string Stages = "stages";

    /// <summary>Of a stage: the log of its steps, by which something is decided.</summary>
    public const string Metrics = "metrics.jsonl";

    /// <summary>Of a stage: times, by which nothing is.</summary>
    public const string Timing = "timing.jsonl";

    /// <summary>Of a stage: the folder of its checkpoints.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>Of a stage: the folder of curves for TensorBoard.</summary>
    public const string TensorBoard = "tensorboard";

    /// <summary>Of a stage of text: the folder of those pieces of its tokens that lie on the disk just now.</summary>
    public const string Pieces = "pieces";

    /// <summary>Where a run lies that nobody gives a folder: its recipe's, else one named for it.</summary>
    public static string FolderOf(string? output, string name) => output ?? Path.Combine("runs", name);

    /// <summary>The folder of a stage of a run.</summary>
    public static string StageOf(string run, string stage) => Path.Combine(run, Stages, stage);
}
