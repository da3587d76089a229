using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>Instructions about language and capitals (IFEval's instructions.py); <see cref="Languages"/> says what differs.</summary>
internal static class LanguageAndCase
{
    /// <summary>language:response_language: it is in <c>language</c>, or has no letters to tell by.</summary>
    public static Predicate<string> ResponseLanguage(InstructionArguments asked)
    {
        var language = asked.Text("language");
        if (!Languages.Known.Contains(language))
            throw asked.Wrong("language", $"one of {string.Join(", ", Languages.Known.Order(StringComparer.Ordinal))}");
        return response => Languages.IsIn(response, language);
    }

    /// <summary>change_case:english_capital: all letters are large, and it is English.</summary>
    public static Predicate<string> EnglishCapital(InstructionArguments asked) =>
        response => PythonLetters.IsUpper(response) && Languages.IsIn(response, "en");

    /// <summary>change_case:english_lowercase: all letters are small, and it is English.</summary>
    public static Predicate<string> EnglishLowercase(InstructionArguments asked) =>
        response => PythonLetters.IsLower(response) && Languages.IsIn(response, "en");

    /// <summary>
    /// change_case:capital_word_frequency: <c>capital_relation</c> <c>capital_frequency</c> words are all in capitals; I and A are among
    /// them.
    /// </summary>
    public static Predicate<string> CapitalWordFrequency(InstructionArguments asked) =>
        asked.Compared("capital_relation", "capital_frequency", CapitalWords.Count);
}
