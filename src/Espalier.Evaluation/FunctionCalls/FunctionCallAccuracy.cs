using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>Right answers of a category.</summary>
/// <param name="Category">The category.</param>
/// <param name="Right">How many are right.</param>
/// <param name="Count">How many there are.</param>
internal sealed record CategoryAccuracy(CallCategory Category, int Right, int Count)
{
    /// <summary>The share that is right.</summary>
    public double Accuracy => (double)Right / Count;
}

/// <summary>Accuracy by category, and what BFCL's leaderboard makes of it (bfcl_eval/eval_checker/eval_runner_helper.py).</summary>
internal sealed class FunctionCallAccuracy
{
    private static readonly string[] s_simple = ["simple_python", "simple_java", "simple_javascript"];
    private static readonly string[] s_severalCalls = ["multiple", "parallel", "parallel_multiple"];
    private static readonly string[] s_live = ["live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"];

    private readonly Dictionary<string, CategoryAccuracy> _categories;

    /// <summary>Counts verdicts.</summary>
    public FunctionCallAccuracy(IEnumerable<(FunctionCallQuestion Question, CallVerdict Verdict)> verdicts)
    {
        _categories = verdicts.GroupBy(one => one.Question.Category).ToDictionary(group => group.Key.Name,
            group => new CategoryAccuracy(group.Key, group.Count(one => one.Verdict.IsRight), group.Count()));
        Categories =
        [
            .. CallCategory.All.Where(category => _categories.ContainsKey(category.Name)).Select(category => _categories[category.Name])
        ];
    }

    /// <summary>The categories that there are, in the leaderboard's order.</summary>
    public IReadOnlyList<CategoryAccuracy> Categories { get; }

    /// <summary>Mean of the three languages' simple calls; null where one is missing, as below.</summary>
    public double? Simple => Mean(s_simple.Select(Accuracy));

    /// <summary>Mean of simple, multiple, parallel and both: "non-live AST".</summary>
    public double? NonLive => Mean(s_severalCalls.Select(Accuracy).Prepend(Simple));

    /// <summary>The same over users' questions, each question alike: "live AST".</summary>
    public double? Live => s_live.All(_categories.ContainsKey)
        ? s_live.Sum(name => (double)_categories[name].Right) / s_live.Sum(name => _categories[name].Count) : null;

    /// <summary>Mean of both categories where no call is right.</summary>
    public double? Irrelevance => Mean([Accuracy("irrelevance"), Accuracy("live_irrelevance")]);

    /// <summary>The share of a category; null where it has no answers.</summary>
    public double? Accuracy(string category) => _categories.GetValueOrDefault(category)?.Accuracy;

    private static double? Mean(IEnumerable<double?> shares) => shares.ToArray() is var all && all.All(share => share is not null)
        ? all.Average() : null;
}
