using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Tests.Tokenizers;

public class UnicodeNormalizationTests
{
    [Theory]
    [InlineData("plain", "plain", "plain", "plain")]
    [InlineData("e\u0301", "\u00E9", "\u00E9", "e\u0301")]
    [InlineData("\u212B", "\u00C5", "\u00C5", "A\u030A")] // Angstrom sign: a singleton never comes back
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u1E69", "\u017F\u0323\u0307")] // the annex's own example
    [InlineData("a\u0315\u0300\u05AE\u0302b", "\u00E0\u05AE\u0302\u0315b", "\u00E0\u05AE\u0302\u0315b",
        "a\u05AE\u0300\u0302\u0315b")] // marks change places
    [InlineData("\u1112\u1161\u11AB", "\uD55C", "\uD55C", "\u1112\u1161\u11AB")] // Hangul syllable
    [InlineData("\uAC00\u11A8", "\uAC01", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")] // excluded from composition
    [InlineData("\uFB01\u00BD\u3000", "\uFB01\u00BD\u3000", "fi1\u20442 ", "\uFB01\u00BD\u3000")]
    [InlineData("\u0385", "\u0385", " \u0308\u0301", "\u00A8\u0301")] // a canonical decomposition with a compatible part
    [InlineData("\u0301a", "\u0301a", "\u0301a", "\u0301a")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A", "\U0001109A", "\U00011099\U000110BA")]
    public void Forms_are_those_of_the_annex(string text, string nfc, string nfkc, string nfd)
    {
        Assert.Equal(nfc, UnicodeNormalization.Normalize(text, compose: true, compatibility: false));
        Assert.Equal(nfkc, UnicodeNormalization.Normalize(text, compose: true, compatibility: true));
        Assert.Equal(nfd, UnicodeNormalization.Normalize(text, compose: false, compatibility: false));
    }

    [Fact]
    public void Normal_text_comes_back_as_the_same_string()
    {
        const string text = "na\u00EFve \u0439 \u4E2D\u6587 \uD55C \U0001F600";
        Assert.Same(text, UnicodeNormalization.Normalize(text, compose: true, compatibility: false));
    }

    [Fact]
    public void Composed_forms_are_the_composition_of_the_decomposed_ones()
    {
        for (var point = 0xA0; point < 0x12000; point++)
        {
            if (point is >= 0xD800 and <= 0xDFFF)
                continue;
            var text = char.ConvertFromUtf32(point);
            foreach (var compatibility in new[] { false, true })
            {
                var (composed, decomposed) =
                    (UnicodeNormalization.Normalize(text, true, compatibility), UnicodeNormalization.Normalize(text, false, compatibility));
                Assert.Equal(composed, UnicodeNormalization.Normalize(decomposed, true, compatibility: false));
                Assert.Equal(composed, UnicodeNormalization.Normalize(composed, true, compatibility));
                Assert.Equal(decomposed, UnicodeNormalization.Normalize(decomposed, false, compatibility));
            }
        }
    }

    [Fact]
    public void Half_a_million_marks_on_one_letter_end_in_time()
    {
        var text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323", 250_000));
        Assert.Equal(text.Length - 1, UnicodeNormalization.Normalize(text, compose: true, compatibility: false).Length);
    }
}
