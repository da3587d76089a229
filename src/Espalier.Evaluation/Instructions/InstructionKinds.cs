namespace Espalier.Evaluation.Instructions;

/// <summary>
/// The 25 kinds of instructions of IFEval (arXiv 2311.07911, table 1; instructions_registry.py of google-research): each makes, of what a
/// document asks for, the test of a response.
/// </summary>
internal static class InstructionKinds
{
    /// <summary>All kinds by their ids.</summary>
    public static IReadOnlyDictionary<string, Func<InstructionArguments, Predicate<string>>> All { get; } =
        new Dictionary<string, Func<InstructionArguments, Predicate<string>>>(StringComparer.Ordinal)
        {
            ["keywords:existence"] = Keywords.Existence,
            ["keywords:frequency"] = Keywords.Frequency,
            ["keywords:forbidden_words"] = Keywords.Forbidden,
            ["keywords:letter_frequency"] = Keywords.LetterFrequency,
            ["language:response_language"] = LanguageAndCase.ResponseLanguage,
            ["length_constraints:number_sentences"] = Lengths.NumberOfSentences,
            ["length_constraints:number_paragraphs"] = Lengths.NumberOfParagraphs,
            ["length_constraints:number_words"] = Lengths.NumberOfWords,
            ["length_constraints:nth_paragraph_first_word"] = Lengths.FirstWordOfParagraph,
            ["detectable_content:number_placeholders"] = Contents.Placeholders,
            ["detectable_content:postscript"] = Contents.Postscript,
            ["detectable_format:number_bullet_lists"] = Formats.Bullets,
            ["detectable_format:constrained_response"] = Formats.ConstrainedResponse,
            ["detectable_format:number_highlighted_sections"] = Formats.Highlights,
            ["detectable_format:multiple_sections"] = Formats.Sections,
            ["detectable_format:json_format"] = Formats.Json,
            ["detectable_format:title"] = Formats.Title,
            ["combination:two_responses"] = Contents.TwoResponses,
            ["combination:repeat_prompt"] = Contents.RepeatedPrompt,
            ["startend:end_checker"] = Contents.End,
            ["startend:quotation"] = Contents.Quotation,
            ["change_case:capital_word_frequency"] = LanguageAndCase.CapitalWordFrequency,
            ["change_case:english_capital"] = LanguageAndCase.EnglishCapital,
            ["change_case:english_lowercase"] = LanguageAndCase.EnglishLowercase,
            ["punctuation:no_comma"] = Contents.NoComma,
        };
}
