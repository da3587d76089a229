using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Depth.Metrics;
using Espalier.Compression.Tests.Importance.Depth;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Benchmarks;

/// <summary>
/// P7: the exact leave-one-out scan of the LM loss against PyTorch, which runs a forward pass for each layer, on a random model of 8 or 24
/// layers; and against our own plain scan of that kind. A subject is "N layers".
/// </summary>
internal static class DepthCase
{
    private const int Samples = 8, Sequence = 256, Batch = 4;

    public static IEnumerable<Row> Run(CaseInput input, PeerSystem? system)
    {
        using var work = new TemporaryFolder();
        var layers = int.Parse(input.Subject.Split(' ')[0], CultureInfo.InvariantCulture);
        using var model = Make(work, layers);
        TorchRuntime.Start(input.Threads);
        var data = new WindowData(new WindowSet(TokenIds.Parse(BundledTeacher.Ids, model.Config.VocabularySize), Sequence), Samples, Batch);
        int[] all = [.. Enumerable.Range(0, layers)];
        DepthSpan[] variants = [.. DepthSpan.All(layers, 1)];
        double[] values = [], plain = [];
        Cost Own() =>
            Scan(metrics => new DepthScan(model).Run(data, all, variants, metrics, "depth", NullProgress.Instance, default), out values);
        var own =
            Pairs.Measure(Math.Min(input.Pairs, 5), 1, Own,
                () => Scan(metrics => new NaiveDepthScan(model).Run(data, all, variants, metrics), out plain));
        RequireSame(plain, values);
        yield return own.OtherOverOwn(input, "own plain scan / own", null,
            FormattableString.Invariant($"{Saved(model.Config):0.00} by its operations"));
        yield return Pairs.Measure(Math.Min(input.Pairs, 5), 1, Own, () => Cost.Of(() => Products(model.Config)))
            .OwnOverOther(input, "own / its products alone", null);
        var bar = layers >= 24 ? 3 : 2;
        if (system is null)
            throw new NotMeasuredException(PeerSystem.Missing);
        using var peer = new Peer(
            system.Command($"{system.Name}", "depth_scan.py", work.Path, [PeerSystem.TcMalloc], "--model", "WORK/model", "--ids",
                "WORK/ids", "--dtype", "int32",
            "--windows", $"{Samples}", "--seq", $"{Sequence}", "--batch", $"{Batch}", "--threads", $"{input.Threads}", "--repeats", "1000",
            "--paced"));
        peer.WaitUntilReady();
        yield return Pairs.Measure(input.Pairs, 1, Own, () =>
        {
            // Its first pass is of the whole model, which the scan does not need.
            var full = peer.Next("full");
            var (clock, spent) = (Cost.Clock.Start(), peer.Processor);
            JsonObject[] lines = [.. all.Select(_ => peer.Read("without"))];
            var cost = new Cost(lines.Sum(line => (double)line["seconds"]!), peer.Processor - spent);
            RequireSame([.. lines.Select(line => (double)line["nll"]!)], values.Length == 0
                ? [.. lines.Select(line => (double)line["nll"]!)] : values);
            return cost;
        }).OtherOverOwn(input, "L forward passes of the peer / own", bar, $"{system.Name} tcmalloc");
    }

    // A small model whose vocabulary is that of the ids.
    private static Decoder Make(TemporaryFolder work, int layers)
    {
        File.Copy(BundledTeacher.Ids, work.At("ids"));
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { Layers = layers };
        CheckpointWriter.Write(work.At("model"), config, like, ElementType.F32, DecoderWeights.RandomSource(config, like.Family, seed: 0));
        using var made = Checkpoint.Open(work.At("model"));
        return DecoderWeights.Load(made);
    }

    // Operations of L forward passes without a layer each, over those of the scan: what comes before the layer is computed once.
    private static double Saved(DecoderConfig c)
    {
        var layer = (double)(c.ForwardFlopsPerToken(Sequence) - (c with { Layers = c.Layers - 1 }).ForwardFlopsPerToken(Sequence));
        var head = c.ForwardFlopsPerToken(Sequence) - c.Layers * layer;
        return c.Layers * ((c.Layers - 1) * layer + head) / (LayerPasses(c) * layer + c.Layers * head);
    }

    private static int LayerPasses(DecoderConfig c) => c.Layers * (c.Layers - 1) / 2 + c.Layers - 1;

    // The products of a scan, in its shapes, and nothing else.
    private static void Products(DecoderConfig c)
    {
        using var noGradient = GradMode.Disable();
        using var scope = TensorScope.Begin();
        int queries = c.QueryHeads * c.HeadDim, keys = c.KeyValueHeads * c.HeadDim;
        (int From, int To)[] layer = [(c.HiddenSize, queries), (c.HiddenSize, keys), (c.HiddenSize, keys), (queries, c.HiddenSize),
            (c.HiddenSize, c.IntermediateSize), (c.HiddenSize, c.IntermediateSize), (c.IntermediateSize, c.HiddenSize)];
        Multiply(layer, Samples / Batch * LayerPasses(c));
        Multiply([(c.HiddenSize, c.VocabularySize)], Samples / Batch * c.Layers);

        static void Multiply((int From, int To)[] shapes, int times)
        {
            var operands =
                shapes.Select(shape =>
                    (X: Tensor.Full(0.5, DType.Float32, Batch * Sequence, shape.From),
                        W: Tensor.Full(0.5, DType.Float32, shape.To, shape.From))).ToArray();
            for (var i = 0; i < times; i++)
                foreach (var (x, w) in operands)
                    x.Linear(w).Dispose();
        }
    }

    private static Cost Scan(Action<DepthMetric[]> scan, out double[] values)
    {
        DepthMetric[] metrics = [new LmLossMetric()];
        var cost = Cost.Of(() => scan(metrics));
        values = metrics[0].Values();
        return cost;
    }

    private static void RequireSame(double[] expected, double[] found)
    {
        for (var layer = 0; layer < expected.Length; layer++)
            if (!(Math.Abs(expected[layer] - found[layer]) <= 1e-5 * Math.Abs(expected[layer])))
                throw new InvalidOperationException($"no parity without layer {layer}: {found[layer]} against {expected[layer]}");
    }
}
