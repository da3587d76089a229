using System.Text.RegularExpressions;
using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judging;

/// <summary>
/// A grade from 1 to 10 for one answer, turn by turn; the second turn is judged with the first one before it (arXiv 2306.05685, section 3.1
/// and appendix A; fastchat/llm_judge/common.py).
/// </summary>
internal static partial class SingleGrading
{
    /// <summary>The lowest grade.</summary>
    public const double Least = 1;

    /// <summary>The highest grade.</summary>
    public const double Most = 10;

    /// <summary>What a judge is asked of one turn.</summary>
    /// <param name="answers">What the model answered, turn by turn, up to this one at least.</param>
    /// <param name="turn">The turn, from 0.</param>
    public static IReadOnlyList<Message> Question(JudgePrompts prompts, JudgedQuestion question, IReadOnlyList<string> answers, int turn)
    {
        var fields = QuestionFields.Of(question, turn);
        QuestionFields.Add(fields, "answer", answers, turn);
        return prompts.Single(turn, question.References is not null).Fill(fields);
    }

    /// <summary>
    /// The grade in a judge's reply: the first number in double brackets, and where there is none the first in single ones. Null where
    /// there is none, or one that is no grade.
    /// </summary>
    public static double? Grade(string reply)
    {
        var match = InDouble().Match(reply);
        if (!match.Success)
            match = InSingle().Match(reply);
        return match.Success && double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var grade) && grade is >= Least and <= Most ? grade : null;
    }

    [GeneratedRegex(@"\[\[([0-9]+\.?[0-9]*)\]\]")]
    private static partial Regex InDouble();

    [GeneratedRegex(@"\[([0-9]+\.?[0-9]*)\]")]
    private static partial Regex InSingle();
}
