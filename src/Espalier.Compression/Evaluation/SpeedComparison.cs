using System.Diagnostics;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Prompts;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Compression.Evaluation;

/// <summary>What is timed: a prompt taken in, or tokens that follow it.</summary>
internal enum SpeedPhase
{
    /// <summary>A prompt, all of its positions in one pass.</summary>
    Prefill,

    /// <summary>Tokens one after the other, of some sequences at once.</summary>
    Decode,
}

/// <summary>One thing that is timed.</summary>
/// <param name="Phase">Prompt or tokens.</param>
/// <param name="Context">Tokens of the prompt, or before the first of the tokens that are timed.</param>
/// <param name="Batch">Sequences at once; 1 in a prefill, which takes prompts in one by one.</param>
internal sealed record SpeedSetting(SpeedPhase Phase, int Context, int Batch);

/// <summary>Seconds of a model in each round of a setting.</summary>
/// <param name="Setting">What was timed.</param>
/// <param name="Model">The model's number.</param>
/// <param name="Seconds">One a round, in their order: a round times all models.</param>
/// <param name="Tokens">Tokens of a round.</param>
internal sealed record SpeedSeries(SpeedSetting Setting, int Model, IReadOnlyList<double> Seconds, long Tokens)
{
    /// <summary>Tokens a second: the median round, the slowest and the fastest.</summary>
    public GenerationSpeed Speed => GenerationSpeed.Of([.. Seconds.Select(seconds => Tokens / seconds)], (int)Tokens);

    /// <summary>
    /// How many times as fast as another it is: the median of the rounds' ratios with an interval that holds the true one in at least 95 %
    /// of cases, whatever their distribution (order statistics). A few rounds that something disturbed do not move it.
    /// </summary>
    public (double Gain, double Lower, double Upper) Over(SpeedSeries other)
    {
        var ratios = other.Seconds.Zip(Seconds, (theirs, own) => theirs / own).Order().ToArray();
        var (n, outside) = (ratios.Length, 0);
        // As many go on each side as fair coins would leave there in 2.5 % of cases at most.
        for (var (mass, term) = (0.0, Math.Pow(0.5, n)); mass + term <= 0.025; term *= (n - outside + 1.0) / outside)
        {
            mass += term;
            outside++;
        }
        return ((ratios[(n - 1) / 2] + ratios[n / 2]) / 2, ratios[Math.Max(0, outside - 1)], ratios[n - Math.Max(1, outside)]);
    }
}

/// <summary>
/// Times several models at the same settings, round by round and in turn, so that what else the machine does falls on all of them.
/// </summary>
internal static class SpeedComparison
{
    /// <summary>Rounds before those that count: code is compiled and caches fill.</summary>
    private const int WarmUp = 1;

    /// <summary>Times all models at all settings.</summary>
    /// <param name="models">Their weights, which stay the caller's.</param>
    /// <param name="settings">What is timed; contexts with the tokens that follow fit every model.</param>
    /// <param name="tokens">Tokens of each sequence that a decoding round makes.</param>
    /// <param name="rounds">Rounds; with fewer than 6 there is no interval of 95 %.</param>
    /// <param name="progress">Receives the rounds done.</param>
    public static IReadOnlyList<SpeedSeries> Run(
        IReadOnlyList<PackedWeights> models, IReadOnlyList<SpeedSetting> settings, int tokens, int rounds, IProgressReporter progress,
        CancellationToken stop)
    {
        var series = new List<SpeedSeries>();
        using var task = progress.Begin("bench", (long)settings.Count * (rounds + WarmUp), "rounds");
        foreach (var setting in settings)
        {
            var seconds = models.Select(_ => new List<double>()).ToArray();
            for (var round = -WarmUp; round < rounds; round++)
            {
                // Who begins changes: the second may find the processor warmer.
                foreach (var index in Enumerable.Range(0, models.Count).Select(i => (i + Math.Max(0, round)) % models.Count))
                {
                    stop.ThrowIfCancellationRequested();
                    var taken = setting.Phase == SpeedPhase.Prefill ? Prefill(models[index], setting)
                        : Decode(models[index], setting, tokens);
                    if (round >= 0)
                        seconds[index].Add(taken);
                }
                task.Advance(1);
            }
            var made = setting.Phase == SpeedPhase.Prefill ? setting.Context : (long)setting.Batch * tokens;
            series.AddRange(seconds.Select((taken, index) => new SpeedSeries(setting, index, taken, made)));
        }
        return series;
    }

    /// <summary>Floating-point operations of a round.</summary>
    public static double Operations(DecoderConfig model, SpeedSetting setting, int tokens) =>
        // Of a pass over T positions the mean one looks back at half of them.
        setting.Phase == SpeedPhase.Prefill ? PromptDecoder.Operations(model, setting.Context)
            : (double)setting.Batch * tokens * model.ForwardFlopsPerToken(2 * (setting.Context + tokens / 2));

    private static double Prefill(PackedWeights model, SpeedSetting setting)
    {
        using var decoder = new RowDecoder(model, 1, setting.Context);
        var prompt = Prompt(model, 0, setting.Context);
        var started = Stopwatch.GetTimestamp();
        decoder.Begin(0, prompt);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Decode(PackedWeights model, SpeedSetting setting, int tokens)
    {
        var (context, batch) = (setting.Context, setting.Batch);
        using var decoder = new RowDecoder(model, batch, context + tokens);
        int[] sequences = [.. Enumerable.Range(0, batch)], positions = new int[batch], ids = new int[batch];
        for (var i = 0; i < batch; i++)
            (positions[i], ids[i]) = (context, Greedy(decoder.Begin(i, Prompt(model, i, context))));
        var started = Stopwatch.GetTimestamp();
        for (var token = 0; token < tokens; token++)
        {
            decoder.Next(sequences, positions, ids);
            for (var i = 0; i < batch; i++)
                (positions[i], ids[i]) = (positions[i] + 1, Greedy(decoder.Logits(i)));
        }
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    // Which ids they are changes no time: any that every model has, another text for each sequence.
    private static int[] Prompt(PackedWeights model, int sequence, int length) =>
        [.. Enumerable.Range(0, length).Select(i => (1 + 37 * i + 101 * sequence) % model.Config.VocabularySize)];

    private static int Greedy(Span<float> logits) => new Sampler(new()).Choose(logits);
}
