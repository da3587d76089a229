using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>Students that were cut and never trained after it, known by what a run left on record with them.</summary>
internal static class UntaughtStudent
{
    /// <summary>Whether a model's folder has such a record: the card of a run, or the stage that the folder lies in.</summary>
    /// <param name="folder">The model's folder.</param>
    public static bool Is(string folder) => Perhaps.Read(() =>
        SealedText.Read(Path.Combine(folder, ModelCardFile.Name))?.Contains(CardUse.NotTrained, StringComparison.Ordinal) == true
            || Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) is { } stage
                && StageRecord.Read(stage)?.Name == "prune");
}
