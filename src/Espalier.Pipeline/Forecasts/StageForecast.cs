using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Forecasts;

/// <summary>A stage before it runs.</summary>
/// <param name="Name">data, need, correct, score, depth, prune, distill, evaluate, benchmarks or export.</param>
/// <param name="Does">What it does, in a sentence.</param>
/// <param name="Steps">Optimizer steps; null where nothing is trained.</param>
/// <param name="Tokens">Tokens that go through a model; null where that depends on the text.</param>
/// <param name="Flops">Floating-point operations; null where that depends on the text.</param>
/// <param name="MemoryBytes"> Float32 weights, and where training gradients and the two moments of Adam with them (16 bytes a weight, 4
/// where it is frozen); activations come on top. Null where no model is in memory.
/// </param>
internal sealed record StageForecast(string Name, string Does, long? Steps, long? Tokens, double? Flops, long? MemoryBytes)
{
    /// <summary>
    /// The model that it runs, makes or writes, the larger where it runs two: shape, parameters, KV cache. Null where there is none.
    /// </summary>
    public ModelForecast? Model { get; init; }

    /// <summary>The most that it writes to the disk; null where that depends on the text, or is nothing to speak of.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>
    /// The cycle of pruning and distilling that it belongs to, from 1; null where there is one cycle, or it belongs to none.
    /// </summary>
    public int? Cycle { get; init; }

    /// <summary>The round of iterative importance within the cycle, from 1; null where there is one round, or it belongs to none.</summary>
    public int? Round { get; init; }

    /// <summary>What distinguishes it from the same stage of other cycles and rounds: <c>score, cycle 2, round 1</c>.</summary>
    public string Title() => TitleOf(Name, Cycle, Round);

    internal static string TitleOf(string name, int? cycle, int? round = null) =>
        PlannedStage.TitleOf(name, cycle, round);
}
