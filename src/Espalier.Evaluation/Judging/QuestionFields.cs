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
        if (turn == 0)
            fields.Add("question", question.Turns[0]);
        for (var i = 0; i <= turn; i++)
        {
            if (turn > 0)
                fields.Add($"question_{i + 1}", question.Turns[i]);
            if (question.References is { } references)
                fields.Add($"ref_answer_{i + 1}", references[i]);
        }
        return fields;
    }
}
