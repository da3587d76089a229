using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval.Scores;

/// <summary>What is counted, as ChatRAG-Bench does (evaluation/get_scores.py); its sets differ in it.</summary>
/// <param name="Number">The field of the right number (ConvFinQA); null where answers are texts.</param>
/// <param name="CountsRefusals">
/// Whether some questions are not answered by the passages (QuAC, DoQA): refusals are taken for one sentence, and counted.
/// </param>
/// <param name="DropsRefusal">Whether that sentence is no right answer where there are others (INSCIT).</param>
internal sealed record RagScoring(string[]? Number, bool CountsRefusals, bool DropsRefusal)
{
    /// <summary>The best token F1 over the right answers.</summary>
    public const string F1 = "f1";

    /// <summary>Whether the answer is one of the right ones, its words alone.</summary>
    public const string ExactMatch = "exact_match";

    /// <summary>Whether the answer holds the right number.</summary>
    public const string HoldsNumber = "contains_number";

    /// <summary>Mean of the two halves.</summary>
    public const string Both = "unanswerable";

    /// <summary>The share of questions without an answer that are refused.</summary>
    public const string Refused = "unanswerable,refused";

    /// <summary>The share of all others that are not.</summary>
    public const string Answered = "unanswerable,answered";

    private static readonly Metric s_exact = new(ExactMatch) { IsRightOrWrong = true };

    /// <summary>What is counted, the first first.</summary>
    public IReadOnlyList<Metric> Metrics => Number is not null ? [new(HoldsNumber) { IsRightOrWrong = true }]
        : CountsRefusals ? [new(F1), s_exact, new(Both), new(Refused), new(Answered)] : [new(F1), s_exact];

    /// <summary>Reads the keys number, unanswerable and drop-refusal.</summary>
    public static RagScoring Read(TaskFields fields) => new(
        RagFields.Field(fields, "number"), fields.Switch("unanswerable", false), fields.Switch("drop-refusal", false));

    /// <summary>Refuses questions of which only one kind is there, where both are counted.</summary>
    /// <exception cref="EspalierException">There is no question without an answer, or no other.</exception>
    public void Check(TaskDefinition task, IReadOnlyList<RagQuestion> questions)
    {
        var refusals = questions.Count(question => question.IsUnanswerable);
        if (CountsRefusals && Number is null && (refusals == 0 || refusals == questions.Count))
            throw new EspalierException(
                $"task {task.Name}: {refusals} of {questions.Count} questions have \"{Refusals.Sentence}\" as their answer, but "
                    + "unanswerable needs both kinds: use more questions, or leave unanswerable out");
    }

    /// <summary>Scores an answer.</summary>
    public RagScore Of(RagQuestion question, string response)
    {
        // One line, without the end of text: as its files of answers have them.
        var answer = PythonText.Strip(response.Replace('\n', ' ').Replace("</s>", "", StringComparison.Ordinal));
        var mapped = CountsRefusals ? Refusals.Map(answer) : answer;
        var rights = DropsRefusal ? Refusals.Without(question.Answers) : question.Answers;
        return new(
            TokenF1.Best(mapped, rights), TokenF1.IsExact(mapped, rights), Refusals.IsOne(answer),
            Number is { } field && NumberAnswers.Holds(answer, question.Last, Value(question.Document, field), question.Answers[0]));
    }

    private static JsonElement Value(TaskDocument document, string[] field)
    {
        var value = document.Value(field);
        return value.ValueKind == JsonValueKind.Number || value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0 ? value
            : throw new EspalierException($"{document.Place}: {string.Join('.', field)} is neither a number nor a text");
    }
}

/// <summary>What an answer scores.</summary>
/// <param name="F1">Token F1 with the nearest right answer.</param>
/// <param name="IsExact">Whether it is one of them.</param>
/// <param name="IsRefusal">Whether it says that the passages hold no answer.</param>
/// <param name="HoldsNumber">Whether it holds the right number, where there is one.</param>
internal sealed record RagScore(double F1, bool IsExact, bool IsRefusal, bool HoldsNumber);
