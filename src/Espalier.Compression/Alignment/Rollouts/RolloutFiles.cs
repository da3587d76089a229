using System.Text.Json.Serialization;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>
/// The sealed files of what a student wrote. A writing that is longer than a record may be lies in several, of which the one with the
/// number of the others gets its name last.
/// </summary>
/// <param name="folder">Where they lie; created.</param>
internal sealed class RolloutFiles(string folder)
{
    /// <summary>What an answer takes beside its ids, in ids.</summary>
    private const int OfAnswer = 8;

    /// <summary>Ids of a file: at some 16 bytes each a quarter of the longest record that is read.</summary>
    public int MostIds { get; init; } = 1 << 20;

    /// <summary>A file.</summary>
    /// <param name="FormatVersion">1; 2 of a writing in several files.</param>
    /// <param name="Step">The step before which it was written.</param>
    /// <param name="Rollouts">The answers, in the order of the stream.</param>
    internal sealed record Kept(int FormatVersion, long Step, IReadOnlyList<Rollout> Rollouts)
    {
        /// <summary>Of the first of several files: how many follow it.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int Further { get; init; }
    }

    /// <summary>Keeps a writing.</summary>
    /// <param name="step">The step before which it was written.</param>
    /// <param name="written">The answers.</param>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public void Write(long step, IReadOnlyList<Rollout> written)
    {
        DurableOutput.Guard(folder, () => DurableFiles.OnDisk.EnsureFolder(folder));
        var pieces = Pieces(written);
        for (var piece = pieces.Count - 1; piece >= 0; piece--)
            DurableOutput.WriteFile(PathOf(step, piece), SealedJson.Bytes(
                new(pieces.Count == 1 ? 1 : 2, step, pieces[piece]) { Further = piece == 0 ? pieces.Count - 1 : 0 },
                RecordJson.Of<Kept>()));
    }

    /// <summary>A writing that was kept.</summary>
    /// <param name="begin">The step before which it was written.</param>
    /// <param name="step">The step that asks.</param>
    /// <exception cref="EspalierException">Exit code 1: it is not there, or is not what was written.</exception>
    public Rollout[] Read(long begin, long step)
    {
        var first = Piece(0);
        return [.. first.Rollouts, .. Enumerable.Range(1, first.Further).SelectMany(piece => Piece(piece).Rollouts)];

        Kept Piece(int piece)
        {
            var path = PathOf(begin, piece);
            if (!File.Exists(path))
                throw Lost($"{path} does not exist", step, begin);
            try
            {
                var kept = SealedJson.Read(path, RecordJson.Of<Kept>(), knownVersion: 2);
                return kept.Step == begin ? kept : throw Lost($"{path} was written before step {kept.Step}", step, begin);
            }
            catch (DamagedFileException damage)
            {
                throw Lost(damage.Message, step, begin, damage);
            }
        }
    }

    private EspalierException Lost(string what, long step, long begin, Exception? cause = null) =>
        new($"{what}: the training resumes at step {step} and learns from what was written before step {begin}; delete "
            + $"{Path.GetDirectoryName(folder)} and start again", cause)
        { ExitCode = 1 };

    private List<List<Rollout>> Pieces(IReadOnlyList<Rollout> written)
    {
        var (pieces, ids) = (new List<List<Rollout>> { new() }, 0);
        foreach (var rollout in written)
        {
            var takes = rollout.Written.Length + OfAnswer;
            if (ids > 0 && ids + takes > MostIds)
            {
                pieces.Add([]);
                ids = 0;
            }
            pieces[^1].Add(rollout);
            ids += takes;
        }
        return pieces;
    }

    private string PathOf(long step, int piece) =>
        Path.Combine(folder, piece == 0 ? $"step-{step:D9}.json" : $"step-{step:D9}-{piece}.json");
}
