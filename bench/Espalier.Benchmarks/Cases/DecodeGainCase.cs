using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Prompts;
using Espalier.Models.Generation.Rows;

namespace Espalier.Benchmarks;

/// <summary>
/// P17: a pruned student's gain over its teacher in prefill and decoding, as a share of the ratio of their operations; the two in turn.
/// </summary>
internal static class DecodeGainCase
{
    private const int WarmUp = 2;

    public static IEnumerable<Row> Run(string name, string teacher, string student, double atLeast, int threads, int pairs)
    {
        TorchRuntime.Start(threads);
        using Checkpoint large = Checkpoint.Open(teacher), small = Checkpoint.Open(student);
        using PackedWeights a = PackedWeights.Load(large, WeightFormat.Float32), b = PackedWeights.Load(small, WeightFormat.Float32);
        var (teachers, students) = (new List<DecodeRound>(), new List<DecodeRound>());
        for (var pair = -WarmUp; pair < pairs; pair++)
        {
            var (first, second) = (DecodeRound.Of(a), DecodeRound.Of(b));
            if (pair < 0)
                continue;
            teachers.Add(first);
            students.Add(second);
        }
        // The bar asks for the ratio of the models' operations, every position through every layer; of a prompt's last layer fewer are
        // made, which stands beside it. The head is one row of a prefill, and of each token a product like the others. Of a pass over T
        // positions the mean one looks back at half of them.
        static double Prefill(Checkpoint model) => model.Config.ForwardFlopsPerToken(DecodeRound.Prompt) - Head(model);
        static double Decode(Checkpoint model) => model.Config.ForwardFlopsPerToken(2 * (DecodeRound.Prompt + DecodeRound.Tokens / 2));
        static double Head(Checkpoint model) => 2.0 * model.Config.VocabularySize * model.Config.HiddenSize;
        var made = PromptDecoder.Operations(large.Config, DecodeRound.Prompt) / PromptDecoder.Operations(small.Config, DecodeRound.Prompt);
        foreach (var (what, flops, of) in new (string, double, Func<DecodeRound, Cost>)[]
        {
            ("prefill", Prefill(large) / Prefill(small), round => round.Prefill),
            ("decode", Decode(large) / Decode(small), round => round.Decode),
        })
            yield return new()
            {
                Case = name,
                Threads = threads,
                Quantity = $"{what}, gain / operations",
                Wall = Quantiles.Of(teachers.Zip(students, (t, s) => of(t).Wall / of(s).Wall / flops)),
                Processor = Quantiles.Of(teachers.Zip(students, (t, s) => of(t).Processor / of(s).Processor / flops)),
                PeerSpread = Quantiles.Of(teachers.Select(round => of(round).Wall)).Spread,
                PeerSpreadProcessor = Quantiles.Of(teachers.Select(round => of(round).Processor)).Spread,
                AtLeast = atLeast,
                Note = "its teacher",
                Details = new() { ["operations"] = Math.Round(flops, 3), ["made_in_prefill"] = Math.Round(made, 3) },
            };
    }
}
