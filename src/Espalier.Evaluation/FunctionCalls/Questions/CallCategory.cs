namespace Espalier.Evaluation.FunctionCalls.Questions;

/// <summary>The language of a question's functions.</summary>
internal enum CallLanguage
{
    /// <summary>Python.</summary>
    Python,

    /// <summary>Java: values arrive as texts.</summary>
    Java,

    /// <summary>JavaScript: values arrive as texts.</summary>
    JavaScript,
}

/// <summary>What a category of questions wants.</summary>
internal enum CallGoal
{
    /// <summary>One call of the one function.</summary>
    Simple,

    /// <summary>One call of one of several functions.</summary>
    Multiple,

    /// <summary>Several calls in any order, of one function or several.</summary>
    Parallel,

    /// <summary>No call.</summary>
    Irrelevance,

    /// <summary>A call, whichever it is.</summary>
    Relevance,
}

/// <summary>A category of BFCL: <c>simple_python</c>, <c>live_parallel_multiple</c>. Its name says what it wants.</summary>
/// <param name="Name">The name, as files have it.</param>
internal sealed record CallCategory(string Name)
{
    /// <summary>The categories of single turns, in the leaderboard's order.</summary>
    public static IReadOnlyList<CallCategory> All { get; } =
    [
        .. new[]
        {
            "simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple", "irrelevance",
            "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance", "live_relevance",
        }.Select(name => new CallCategory(name)),
    ];

    /// <summary>The language of its functions.</summary>
    public CallLanguage Language => Has("javascript") ? CallLanguage.JavaScript : Has("java") ? CallLanguage.Java : CallLanguage.Python;

    /// <summary>What it wants.</summary>
    public CallGoal Goal => Has("irrelevance") ? CallGoal.Irrelevance : Has("relevance") ? CallGoal.Relevance
        : Has("parallel") ? CallGoal.Parallel : Has("multiple") ? CallGoal.Multiple : CallGoal.Simple;

    /// <summary>Whether there are answers to compare with.</summary>
    public bool HasAnswers => Goal is not (CallGoal.Irrelevance or CallGoal.Relevance);

    private bool Has(string word) => Name.Contains(word, StringComparison.Ordinal);
}
