using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Reports.Runs;

/// <summary>The hash of something that a stage made; never its key, which says from what it was made.</summary>
/// <param name="Output">What it is.</param>
/// <param name="Hash">SHA-256.</param>
internal sealed record OutputHash(string Output, string Hash)
{
    private const int Digits = 64;

    /// <summary>
    /// What a stage made: the exported folder and files by their names, the artefacts that lie in its folder with the hash that the model
    /// card has of the stage, or what it found out. Nothing of a stage that is not done, or whose record is gone.
    /// </summary>
    internal static IReadOnlyList<OutputHash> Of(ReportRun run, StageRow stage)
    {
        if (run.Record(stage.Folder) is not { } record)
            return [];
        if (stage.Stage == "export")
            return [.. Exported(record)];
        var files = record.Artefacts.Where(file => file.Size > 0).ToArray();
        return files.Length switch
        {
            0 => [new($"{stage.Folder}: its result", ContentHash.OfText(record.Result.ToJsonString()))],
            // What the model card and the records of later stages know it by, and what sha256sum prints.
            1 => [new($"{stage.Folder}: 1 file", record.OutputHash), new($"{stage.Folder}/{files[0].Name}", files[0].Sha256)],
            _ => [new($"{stage.Folder}: {files.Length} files", record.OutputHash)],
        };
    }

    /// <summary>These lie beside the stages: their hashes are the stage's result.</summary>
    private static IEnumerable<OutputHash> Exported(StageRecord record)
    {
        var folder = record.Options?["folder"].TextOf() ?? "student";
        foreach (var (name, value) in record.Result)
            if (value.TextOf() is { Length: Digits } hash)
                yield return new(name == "folder" ? $"{folder}/" : Path.Combine(Path.GetDirectoryName(folder) ?? "", name), hash);
    }
}
