using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Compression.Tests.Data;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Gguf;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Writers;

/// <summary>
/// Whatever of this program writes to a place that it is given, as one act. Run records, checkpoints and logs have tests of their own
/// beside them.
/// </summary>
internal static class Writer
{
    private static string Teacher => Fixtures.Golden("pruning", "teacher");

    /// <summary>Writers of one file, which an older one of that name is replaced by.</summary>
    public static IReadOnlyDictionary<string, Action<string>> OfFiles { get; } = new Dictionary<string, Action<string>>
    {
        ["scores"] = path => ScoresFile.Write(path, Scores),
        ["depth scores"] = path => DepthScoresFile.Write(path, DepthScores),
        ["plan"] = path => PlanFile.Write(path, new()
        {
            Method = "hand",
            Kept = new() { [Axis.Layers] = [[0]], [Axis.Hidden] = [[1]], [Axis.Heads] = [[0]], [Axis.Ffn] = [[5]] },
        }),
        ["safetensors"] = path => SafetensorsWriter.Write(
            path, SafetensorsLayout.Plan([new("a", ElementType.F32, [300, 200])]), (_, _, destination) => destination.Fill(7)),
        ["gguf"] = path => GgufWriter.Write(path, [], [new("w", GgufType.F32, [300, 256], (_, rows) => rows.Fill(7))]),
        ["latencies"] = Latencies,
        ["text"] = path => DurableOutput.WriteText(path, "text"),
    };

    /// <summary>Writers of a folder that is not there, or is a half-written one of theirs.</summary>
    public static IReadOnlyDictionary<string, Action<string>> OfFolders { get; } = new Dictionary<string, Action<string>>
    {
        ["model"] = path =>
        {
            using var source = Checkpoint.Open(Teacher);
            CheckpointWriter.Write(path, source.Config, source, ElementType.F32, source, new() { MaxShardBytes = 200_000 });
        },
        ["scores folder"] = path => ScoresFolder.Write(path, [("a.json", Scores), ("b.json", Scores)]),
    };

    /// <summary>Writers of a folder that is theirs alone, whose last file says that it is whole.</summary>
    public static IReadOnlyDictionary<string, (string Last, Action<string> Write)> OfOwnFolders { get; }
        = new Dictionary<string, (string, Action<string>)>
        {
            ["tokens"] = (TokenStoreWriter.IndexName, path =>
            {
                using var store = new TokenStoreWriter(path, DataFixture.Bytes, "test");
                for (var document = 0; document < 70; document++)
                    store.Append([.. Enumerable.Range(0, 1000).Select(i => i * document % 256)], 1000);
                store.Finish();
            }
            ),
            ["corpus"] = (Corpus.SummaryName, path =>
                Corpus.Build(new() { Sources = [TextBeside(path)], HeldOut = new(0.2), Workers = 1 }, DataFixture.Bytes, path)),
            ["streamed corpus"] = (Corpus.SummaryName, path => Corpus.Build(
                new() { Sources = [TextBeside(path)], HeldOut = new(0.2), Workers = 1, Disk = 1000, Window = 9 }, DataFixture.Bytes, path)),
            ["cache"] = ("cache.json", path =>
            {
                using var teacher = GoldenTensors.Load(Teacher, DType.Float32);
                var key = CacheKey.Of("teacher", "data", 8, false, teacher.Config.VocabularySize,
                    teacher.Config.HiddenSize, 1, CacheEncoding.Hidden, 8, 16, 1);
                var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 33), "ids", teacher.Config.VocabularySize), 8);
                CacheWriter.Run(path, key, teacher, windows, [0, 1, 2], NullProgress.Instance, default);
            }
            ),
        };

    // The summary names the text, so that it must have the same name each time.
    private static string TextBeside(string path)
    {
        var text = $"{path}.text/a.jsonl";
        if (!File.Exists(text))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(text)!);
            File.WriteAllText(text, string.Concat(Enumerable.Range(0, 200).Select(i => $"{{\"text\": \"{i} and {i * i}\"}}\n")));
        }
        return text;
    }

    private static ImportanceScores Scores => new()
    {
        Batch = "l2",
        Sequence = "mean",
        Samples = 3,
        SampleLength = 128,
        Teacher = "ab",
        Calibration = "cd",
        Units = new() { [Axis.Ffn] = [[0.1, 1]], [Axis.Heads] = [[1]], [Axis.Hidden] = [[3, 4]] },
        ChannelsPerNorm = [[1, 2], [3, 4], [5, 6]],
        BlockInfluence = new Dictionary<int, double[]> { [1] = [0.5] },
    };

    private static DepthScores DepthScores => new()
    {
        Layers = 2,
        Samples = 3,
        SampleLength = 8,
        Teacher = "aa",
        Metrics = new Dictionary<DepthMetricKind, DepthMetricScores>
        {
            [DepthMetricKind.LmLoss] =
                new() { Whole = 1.5, Singles = [4, 1], Spans = new Dictionary<int, double[]>(), Removed = [1], RemovedValues = [1] },
        },
    };

    private static void Latencies(string path)
    {
        using var checkpoint = Checkpoint.Open(Teacher, requireWeights: false);
        var shape = ShapeSearch.Enumerate(checkpoint.Config, new() { Sizes = new() { [Axis.Layers] = [2] } }, []).First();
        _ = LatencyTable.Open(path, "machine", (_, _, _) => new(1, 0, 0)).Prefill(shape, 16);
    }
}
