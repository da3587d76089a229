using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;

namespace Espalier.Reports.Runs;

/// <summary>
/// Records of evaluations with the losses of their windows, each read once. Nothing where they are gone or damaged: a difference is then
/// left out, not the report.
/// </summary>
internal sealed class KnownLosses
{
    private readonly Dictionary<string, (StageRecord? Record, IReadOnlyDictionary<string, double[]>? Windows)> _read = [];

    /// <summary>Whether two models were asked about the same windows of the same text; believed where no record says otherwise.</summary>
    public bool AreOfTheSame((ModelRow Row, string Output) one, (ModelRow Row, string Output) two, string set)
    {
        if (LossOf(one.Row, set) is not { } own || LossOf(two.Row, set) is not { } other || own.Tokens != other.Tokens)
            return false;
        return Of(one).Record is not { } first || Of(two).Record is not { } second
            || TextNames.WindowsOf(first, set) == TextNames.WindowsOf(second, set);
    }

    /// <summary>The first model's loss less the second's, paired by window; null where the windows are not known.</summary>
    public PairedInterval? OverWindows((ModelRow Row, string Output) one, (ModelRow Row, string Output) two, string set) =>
        Of(one).Windows?.GetValueOrDefault(set) is { Length: > 1 } own && Of(two).Windows?.GetValueOrDefault(set) is { } other
            && other.Length == own.Length ? PairedInterval.Of(own, other) : null;

    /// <summary>What a model's loss on a text is; null where it was not evaluated there.</summary>
    public static EvaluationRow? LossOf(ModelRow row, string set) => row.Evaluations.FirstOrDefault(evaluation => evaluation.Set == set);

    private (StageRecord? Record, IReadOnlyDictionary<string, double[]>? Windows) Of((ModelRow Row, string Output) model)
    {
        if (model.Row.Stage is not { } stage)
            return (null, null);
        var folder = RunLayout.StageOf(model.Output, stage);
        if (!_read.TryGetValue(folder, out var read))
            _read[folder] = read = Read(folder);
        return read;
    }

    private static (StageRecord?, IReadOnlyDictionary<string, double[]>?) Read(string folder)
    {
        try
        {
            return (StageRecord.Read(folder), EvaluateStage.LossesOf(folder));
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or JsonException)
        {
            return (null, null);
        }
    }
}
