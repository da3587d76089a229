using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.LongContext;

/// <summary>How long questions are.</summary>
/// <param name="Length">Tokens of question and answer together, at most.</param>
/// <param name="AnswerTokens">Of which the answer may have so many.</param>
/// <param name="Seed">What questions are drawn by.</param>
internal sealed record RulerLength(int Length, int AnswerTokens, uint Seed = RulerLength.UsualSeed)
{
    /// <summary>RULER's seed.</summary>
    public const uint UsualSeed = 42;

    /// <summary>Tokens of a question.</summary>
    public int PromptTokens => Length - AnswerTokens;
}

/// <summary>
/// Makes questions as long as a number of a model's own tokens allows. The size is looked for with the first question, and the others have
/// it too, or a little less where they would be too long. The question of a number is the same however many there are.
/// </summary>
internal static class LengthFit
{
    /// <summary>The questions, one after the other.</summary>
    /// <exception cref="EspalierException">Even the shortest question is too long.</exception>
    public static IEnumerable<LongQuestion> Questions(RulerTask task, Tokenizer tokenizer, RulerLength length, int count, string name)
    {
        var usual = -1;
        for (var number = 0; number < count; number++)
        {
            if (usual < 0)
                usual = Largest(number);
            yield return Fitting(number, usual) is { } question ? question : Fitting(number, Largest(number))!;
        }

        LongQuestion Make(int number, int size) => task.Make(number, new(unchecked(length.Seed * 1_000_003 + (uint)number)), size);

        int Tokens(LongQuestion question) => tokenizer.Encode(question.Prompt).Length;

        // Shrinks by what is too much, at least by one.
        LongQuestion? Fitting(int number, int size)
        {
            while (true)
            {
                var question = Make(number, size);
                var tokens = Tokens(question);
                if (tokens <= length.PromptTokens)
                    return question;
                if (size == task.Least)
                    return null;
                size = Math.Max(task.Least, Math.Min(size - 1, (int)((double)size * length.PromptTokens / tokens)));
            }
        }

        int Largest(int number)
        {
            var shortest = Tokens(Make(number, task.Least));
            if (shortest > length.PromptTokens)
                throw new EspalierException(
                    $"{name}: {length.Length} tokens are too few: its shortest question has {shortest}, and the answer may take "
                        + $"{length.AnswerTokens}; use a context length of at least {Rounded(shortest + length.AnswerTokens)}");
            var (fits, tooLong) = (task.Least, task.Least);
            do
            {
                fits = tooLong;
                tooLong = Math.Min(task.Most, Math.Max(2 * tooLong, 16));
                if (fits == task.Most)
                    return fits;
            }
            while (Tokens(Make(number, tooLong)) <= length.PromptTokens);
            while (tooLong - fits > 1)
            {
                var middle = fits + (tooLong - fits) / 2;
                if (Tokens(Make(number, middle)) <= length.PromptTokens)
                    fits = middle;
                else
                    tooLong = middle;
            }
            return fits;
        }
    }

    // With some room, for other questions may be a little longer.
    private static int Rounded(int tokens) => (tokens + 15) / 16 * 16;
}
