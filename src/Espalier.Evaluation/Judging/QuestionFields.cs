namespace Espalier.Evaluation.Judging;

/// <summary>Fields of a judge's prompt that do not depend on who answered.</summary>
internal static class QuestionFields
{
    /// <summary>
    /// Of the first turn <c>question</c>, of the second <c>question_1</c> and <c>question_2</c>; and the references,
    /// <c>ref_answer_1</c> and <c>ref_answer_2</c>, where it has them.
    /// </summary>
    /// <param name="turn">The turn, from 0.</param>
    public static Dictionary<string, string> Of(JudgedQuestion question, int turn)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i <= turn; i++)
        {
            fields.Add(Name("question", i, turn), question.Turns[i]);
            if (question.References is { } references)
                fields.Add($"ref_answer_{i + 1}", references[i]);
        }
        return fields;
    }

    /// <summary>Adds the answers up to a turn.</summary>
    public static void Add(Dictionary<string, string> fields, string name, IReadOnlyList<string> answers, int turn)
    {
        for (var i = 0; i <= turn; i++)
            fields.Add(Name(name, i, turn), answers[i]);
    }

    // Of the first turn alone there is one, without a number.
    private static string Name(string name, int i, int turn) => turn == 0 ? name : $"{name}_{i + 1}";
}
