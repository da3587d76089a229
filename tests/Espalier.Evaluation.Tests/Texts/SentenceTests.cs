using Espalier.Evaluation.Instructions;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>Sentences, languages and words in capitals, where IFEval leans on libraries.</summary>
public sealed class SentenceTests
{
    // By Punkt's rules: what is after an abbreviation, an initial, a number, an ellipsis, closing marks; e.g. is none of its abbreviations.
    [Theory]
    [InlineData("", 0)]
    [InlineData("one", 1)]
    [InlineData("One. Two", 2)]
    [InlineData("Mr. Brown met J. P. Morgan at 5 p.m. on Jan. 3 in the U.S. capital.", 1)]
    [InlineData("He lives in the U.S. He likes it.", 2)]
    [InlineData("Fruit, e.g. apples.", 2)]
    [InlineData("1. Wash. 2. Cook.", 3)]
    [InlineData("It cost 3.50. too much.", 1)]
    [InlineData("Well... maybe. Hm... It may.", 3)]
    [InlineData("\"Go!\" she said. \"Why?\" (Nobody knew.) End", 5)]
    [InlineData("Wow!!!", 2)]
    [InlineData("A list:\n- one.\n- two.\n- three", 3)]
    [InlineData("First line\n\nSecond line", 1)]
    [InlineData("Is it? Yes! No.", 3)]
    [InlineData("Take plan B. Please hurry.", 2)]
    [InlineData("A man named B. Traven wrote.", 1)]
    [InlineData("See www.example.org for more. Bye.", 2)]
    public void Sentences_end_where_Punkt_ends_them(string text, int count) => Assert.Equal(count, Sentences.Of(text).Count);

    [Fact]
    public void Closing_marks_go_with_the_sentence_before_them() =>
        Assert.Equal(["\"Go!\"", "(He went.)", "End."], Sentences.Of(" \"Go!\" (He went.) End. ").Select(sentence => sentence.Trim()));

    [Theory]
    [InlineData("What are the two of them holding?", "en")]
    [InlineData("WHAT ARE THE TWO OF THEM HOLDING?", "en")]
    [InlineData("¿Dónde está la casa de mi hermano?", "es")]
    [InlineData("Não sei onde ele mora, mas é uma boa casa.", "pt")]
    [InlineData("Je ne sais pas où est la maison.", "fr")]
    [InlineData("Ich weiß nicht, wo das Haus ist.", "de")]
    [InlineData("Non so dove sia la casa di mio fratello, ma è bella.", "it")]
    [InlineData("Vele sul mare, vento caldo", "it")]
    [InlineData("Nie wiem, gdzie jest dom.", "pl")]
    [InlineData("Tôi không biết nhà ở đâu.", "vi")]
    [InlineData("Sijui nyumba ya kaka yangu iko wapi, lakini ni nzuri.", "sw")]
    [InlineData("En tiedä missä talo on, mutta se on hyvä.", "fi")]
    [InlineData("Я не знаю, где мой дом.", "ru")]
    [InlineData("Я не знаю, де мій дім.", "uk")]
    [InlineData("Не знам къде е къщата, но тя е хубава.", "bg")]
    [InlineData("لا أعرف أين البيت الذي كان في المدينة", "ar")]
    [InlineData("نمی‌دانم خانه کجاست، اما این را می‌خواهم و از آن است", "fa")]
    [InlineData("مجھے نہیں معلوم کہ گھر کہاں ہے", "ur")]
    [InlineData("मुझे नहीं पता कि घर कहाँ है", "hi")]
    [InlineData("मला माहीत नाही की घर कुठे आहे", "mr")]
    [InlineData("मलाई थाहा छैन घर कहाँ छ र यो राम्रो छ", "ne")]
    [InlineData("दिन एक: होटल जानुहोस्", "ne")]
    [InlineData("집이 어디에 있는지 모르겠어요", "ko")]
    [InlineData("家はどこにありますか", "ja")]
    [InlineData("我不知道家在哪里", "zh")]
    [InlineData("ฉันไม่รู้", "th")]
    [InlineData("लिंक: है नहीं https://example.org/the/of/and?to=in", "hi")]
    [InlineData("Blue velvet dresses", "")]
    [InlineData("12:30 — 13:00 ...", null)]
    public void Languages_are_told_by_script_letters_and_common_words(string text, string? language) =>
        Assert.Equal(language, Languages.Of(text));

    [Theory]
    [InlineData("NASA's JOHN'S \"YES\" I'D'VE.", 6)]
    [InlineData("GONNA 'TWAS NOT, X,Y 3,5A ÉTÉ ǅ 24", 9)]
    [InlineData("nothing here", 0)]
    public void Words_in_capitals_are_parted_as_in_the_Treebank(string text, int count) => Assert.Equal(count, CapitalWords.Count(text));
}
