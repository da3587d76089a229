using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// P17: how much quicker a pruned student reads a prompt and goes on, as a share of how many operations fewer it needs. Weights are random: they change no time.
/// Subjects: depth, width.
/// </summary>
internal static class PrunedGainCase
{
    private const int Prompt = 256, Continued = 64;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var large = like.Config with { HiddenSize = 512, IntermediateSize = 1536, Layers = 12, QueryHeads = 8, KeyValueHeads = 4, HeadDim = 64 };
        var depth = input.Subject == "depth";
        var small = depth ? large with { Layers = 6 } : large with { HiddenSize = 384, IntermediateSize = 1024, QueryHeads = 6, KeyValueHeads = 3 };
        using var teacher = DecoderWeights.Initialise(large, like.Family, seed: 0);
        using var student = DecoderWeights.Initialise(small, like.Family, seed: 0);
        var bar = depth ? 0.95 : 0.90;
        yield return Gain("prefill", (model, count) => Prefill(model, count), large.ForwardFlopsPerToken(Prompt) / small.ForwardFlopsPerToken(Prompt));
        yield return Gain("decode", (model, count) => Decode(model, count), large.ForwardFlopsPerToken(Prompt + Continued) / small.ForwardFlopsPerToken(Prompt + Continued));

        Row Gain(string what, Func<Decoder, int, Cost> run, double flops)
        {
            var pairs = Pairs.Measure(input.Pairs, 2, () => run(student, 4), () => run(teacher, 4));
            var row = pairs.OtherOverOwn(input, $"gain in {what} / ratio of operations", bar, FormattableString.Invariant($"ratio of operations {flops:0.00}"));
            return row with { Wall = Over(row.Wall!), Processor = Over(row.Processor!) };

            Quantiles Over(Quantiles gain) => Quantiles.Of([gain.P20 / flops, gain.P20 / flops, gain.Median / flops, gain.P80 / flops, gain.P80 / flops]);
        }
    }

    private static Cost Prefill(Decoder model, int times) => Cost.Of(() =>
    {
        using var noGradient = GradMode.Disable();
        for (var i = 0; i < times; i++)
        {
            using var scope = TensorScope.Begin();
            using var cache = new KeyValueCache(model.Config, 1, Prompt, model.DType);
            model.Logits(model.Forward(Ids(Prompt), cache: cache).Select(1, Prompt - 1));
        }
    });

    private static Cost Decode(Decoder model, int times)
    {
        using var noGradient = GradMode.Disable();
        using var cache = new KeyValueCache(model.Config, 1, Prompt + Continued, model.DType);
        using (TensorScope.Begin())
            model.Forward(Ids(Prompt), cache: cache);
        return Cost.Of(() =>
        {
            for (var i = 0; i < Math.Min(Continued, 16 * times); i++)
            {
                using var scope = TensorScope.Begin();
                model.Logits(model.Forward(Ids(1), cache: cache).Select(1, 0));
            }
        });
    }

    private static Tensor Ids(int count) => Tensor.From<long>([.. Enumerable.Range(0, count).Select(i => 7919L * i % 4096)], 1, count);
}
