using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Evaluation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;

namespace Espalier.Cli.Commands.Machine;

/// <summary>What <c>bench --json</c> prints.</summary>
/// <param name="Models">The models, in their order; the first is what the others are compared with.</param>
/// <param name="Rows">A row for each model and setting.</param>
/// <param name="Rounds">Rounds; each times all models in turn.</param>
/// <param name="Tokens">Tokens of each sequence that a decoding round times.</param>
internal sealed record BenchReport(IReadOnlyList<BenchModel> Models, IReadOnlyList<BenchRow> Rows, int Rounds, int Tokens)
{
    internal static BenchReport Of(
        IReadOnlyList<string> folders, IReadOnlyList<PackedWeights> models, IReadOnlyList<SpeedSeries> series, int tokens, int rounds) =>
            new(
        [
            .. folders.Zip(models, (folder, model) =>
                new BenchModel(folder, model.Config.Parameters, WeightsOption.NameOf(model.Format), model.Bytes)),
        ],
        [
            .. series.Select(one => Row(
                one, series.First(first => first.Setting == one.Setting), folders[one.Model],
                SpeedComparison.Operations(models[0].Config, one.Setting, tokens)
                    / SpeedComparison.Operations(models[one.Model].Config, one.Setting, tokens))),
        ],
        rounds, tokens);

    private static BenchRow Row(SpeedSeries one, SpeedSeries first, string folder, double operations)
    {
        var (speed, setting) = (one.Speed, one.Setting);
        var row = new BenchRow(setting.Phase, setting.Context, setting.Batch, folder, speed.Median, speed.Lowest, speed.Highest);
        if (one.Model == 0)
            return row;
        var (gain, lower, upper) = one.Over(first);
        return row with { Gain = gain, GainLower = lower, GainUpper = upper, Operations = operations, Share = gain / operations };
    }
}

/// <summary>One model.</summary>
/// <param name="Model">Its folder.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="Weights">float32, bf16 or int8: what the matrices are kept in.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record BenchModel(string Model, long Parameters, string Weights, long Bytes);

/// <summary>One model at one setting.</summary>
/// <param name="Phase">prefill or decode.</param>
/// <param name="Context">Tokens of the prompt, or before those that are timed.</param>
/// <param name="Batch">Sequences at once.</param>
/// <param name="Model">Its folder.</param>
/// <param name="TokensPerSecond">The median round's, of all sequences together.</param>
/// <param name="Lowest">The slowest round's.</param>
/// <param name="Highest">The fastest round's.</param>
internal sealed record BenchRow(
    SpeedPhase Phase, int Context, int Batch, string Model, double TokensPerSecond, double Lowest, double Highest)
{
    /// <summary>How many times as fast as the first model, the median of the rounds' ratios; absent of the first.</summary>
    public double? Gain { get; init; }

    /// <summary>Lower end of its 95 % interval.</summary>
    public double? GainLower { get; init; }

    /// <summary>Upper end.</summary>
    public double? GainUpper { get; init; }

    /// <summary>Operations of the first model over this one's.</summary>
    public double? Operations { get; init; }

    /// <summary>Gain over operations: 1 is all that a smaller model can save by counting.</summary>
    public double? Share { get; init; }
}
