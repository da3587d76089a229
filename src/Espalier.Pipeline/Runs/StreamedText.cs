using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs;

/// <summary>Training text whose tokens are made in pieces while a run trains.</summary>
/// <param name="Pieces">How many there are in all.</param>
/// <param name="OnDisk">How many lie on the disk.</param>
/// <param name="DiskBytes">Bytes of tokens that lie there at once, at most.</param>
internal sealed record StreamedText(int Pieces, int OnDisk, long DiskBytes)
{
    /// <summary>That of a run; null where its tokens lie on the disk as a whole, or where nobody knows yet.</summary>
    public static StreamedText? Of(string folder, RunManifest manifest) => Perhaps.Read(() =>
    {
        if (manifest.Finished("data") is not { } stage
            || StageRecord.Read(RunLayout.StageOf(folder, stage.Folder))?.Result["streamed"] is not { } streamed)
            return null;
        var pieces = Path.Combine(RunLayout.StageOf(folder, stage.Folder), RunLayout.Pieces);
        return new StreamedText((int)streamed["pieces"]!,
            Directory.Exists(pieces) ? Directory.GetFiles(pieces, "tokens.json", SearchOption.AllDirectories).Length : 0,
            (long)streamed["disk_bytes"]!);
    });

    public override string ToString() => $"streamed in {Units.Counted(Pieces, "piece")}, {OnDisk} on the disk now; at most "
        + $"{Units.Bytes(DiskBytes)} of tokens at once";
}
