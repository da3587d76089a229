namespace Espalier.Evaluation.FunctionCalls;

/// <summary>
/// The means that BFCL's leaderboard makes of its categories (bfcl_eval/eval_checker/eval_runner_helper.py), as what each question of a
/// category weighs in them.
/// </summary>
internal static class FunctionCallTotals
{
    /// <summary>The share of all questions, each alike; models are compared by it.</summary>
    public const string Accuracy = "accuracy";

    /// <summary>The mean of the three languages' simple calls.</summary>
    public const string Simple = "simple";

    /// <summary>The mean of simple, multiple, parallel and both: "non-live AST".</summary>
    public const string NonLive = "non_live";

    /// <summary>The same over users' questions, each question alike: "live AST".</summary>
    public const string Live = "live";

    /// <summary>The mean of both categories where no call is right.</summary>
    public const string Irrelevance = "irrelevance";

    private static readonly string[] s_simple = ["simple_python", "simple_java", "simple_javascript"];
    private static readonly string[] s_severalCalls = ["multiple", "parallel", "parallel_multiple"];
    private static readonly string[] s_live = ["live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"];
    private static readonly string[] s_irrelevance = ["irrelevance", "live_irrelevance"];

    /// <summary>Their names, in their order.</summary>
    public static IReadOnlyList<string> Names { get; } = [Accuracy, Simple, NonLive, Live, Irrelevance];

    /// <summary>What a category counts in a mean of categories' means; null where a mean is over questions.</summary>
    public static double? Share(string metric, string category) => metric switch
    {
        Simple => 1.0 / s_simple.Length,
        NonLive => 1.0 / (1 + s_severalCalls.Length) / (s_simple.Contains(category) ? s_simple.Length : 1),
        Irrelevance => 1.0 / s_irrelevance.Length,
        _ => null,
    };

    /// <summary>What a question of each category weighs in a mean; of no category where one that the mean needs is not there.</summary>
    public static IReadOnlyDictionary<string, double> Weights(string metric, IReadOnlyDictionary<string, int> counts)
    {
        string[] needed = metric switch
        {
            Accuracy => [.. counts.Keys],
            Simple => s_simple,
            NonLive => [.. s_simple, .. s_severalCalls],
            Live => s_live,
            Irrelevance => s_irrelevance,
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
        };
        return !needed.All(counts.ContainsKey) ? new Dictionary<string, double>() : needed.ToDictionary(category => category, Weight);

        double Weight(string category) => Share(metric, category) is { } share ? share / counts[category] : 1;
    }
}
