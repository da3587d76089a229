using Espalier.Evaluation.Retrieval.Scores;

namespace Espalier.Evaluation.Tests.Retrieval;

/// <summary>Answers are compared as ChatRAG-Bench compares them.</summary>
public sealed class TokenF1Tests
{
    [Theory]
    [InlineData("The cat, a dog", "cat dog", 1)]
    [InlineData("cat", "cat dog", 2 * 1 * 0.5 / 1.5)]
    [InlineData("cat cat", "cat dog", 0.5)]
    [InlineData("cat cat", "cat cat cat", 0.8)]
    [InlineData("well-known", "well known", 1)]
    [InlineData("don't", "don t", 1)]
    [InlineData("the", "the", 0)]
    [InlineData("", "cat", 0)]
    [InlineData("catalogue", "cat", 0)]
    [InlineData("anthem", "them", 0)]
    [InlineData("ÉTÉ", "été", 1)]
    [InlineData("a–b", "b", 1)]
    public void Words_in_common_are_counted(string answer, string right, double expected)
    {
        // An en dash is no punctuation there, so that the word has it on: as Python's str.split and \b have it.
        if (answer == "a–b")
            Assert.Equal(["–b"], TokenF1.Words(answer));
        else
            Assert.Equal(expected, TokenF1.Of(answer, right), 12);
    }

    [Fact]
    public void The_nearest_right_answer_counts_and_an_empty_one_does_not()
    {
        Assert.Equal(1, TokenF1.Best("in Paris", ["London", "Paris in", " "]), 12);
        Assert.Equal(0, TokenF1.Best("x", [""]));
        Assert.True(TokenF1.IsExact("In the  Paris!", ["x", "in paris"]));
        Assert.False(TokenF1.IsExact("Paris in", ["in paris"]));
        Assert.False(TokenF1.IsExact("", [" "]));
    }

    [Theory]
    [InlineData("I'm unable to say.", true)]
    [InlineData("It is NOT MENTIONED here", true)]
    [InlineData("Sorry. I cannot find the answer based on the context.", true)]
    [InlineData("sorry, but I cannot find the answer", true)]
    [InlineData("Sorry!", false)]
    [InlineData("It is in Paris.", false)]
    [InlineData("", false)]
    public void Refusals_are_known_by_what_is_in_them(string answer, bool expected)
    {
        Assert.Equal(expected, Refusals.IsOne(answer));
        Assert.Equal(expected ? Refusals.Sentence : answer, Refusals.Map(answer));
    }

    [Fact]
    public void The_sentence_is_dropped_only_where_there_is_another_answer()
    {
        Assert.Equal(["a"], Refusals.Without([Refusals.Sentence, "a"]));
        Assert.Equal([Refusals.Sentence], Refusals.Without([Refusals.Sentence]));
    }

    // Answer, question, number as JSON has it, formula.
    [Theory]
    [InlineData("It was $1,234 million.", "how much?", "1234", null, true)]
    [InlineData("10 (2017) + 20 (2018)", "q", "30.0", "10 + 20", true)]
    [InlineData("about 0.123", "q", "0.12345", null, true)]
    [InlineData("about 0.12 of it", "q", "0.12345", null, true)]
    [InlineData("about 0.1", "q", "0.12345", null, false)]
    [InlineData("12.3%", "what percent is it?", "0.12345", null, true)]
    [InlineData("12.35%", "what percent is it?", "0.12345", null, true)]
    [InlineData("12.3%", "what share is it?", "0.12345", null, false)]
    [InlineData("it is 80", "q", "80.0", null, true)]
    [InlineData("it is 80", "q", "80.5", null, false)]
    [InlineData("a decrease of 10", "q", "-10", null, true)]
    [InlineData("a fall of 10", "q", "-10", null, false)]
    [InlineData("yes, it did", "q", "\"yes\"", null, true)]
    [InlineData("no", "what percent?", "\"yes\"", null, false)]
    [InlineData("15", "q", "5", null, true)]
    [InlineData("", "q", "5", null, false)]
    public void A_number_is_right_where_a_form_of_it_is_in_the_answer(string answer, string question, string number, string? formula,
        bool expected) => Assert.Equal(expected,
            NumberAnswers.Holds(answer, question, JsonDocument.Parse(number).RootElement, formula));

    // What CPython's round gives.
    [Theory]
    [InlineData(0.125, 2, 0.12)]
    [InlineData(0.375, 2, 0.38)]
    [InlineData(-0.125, 2, -0.12)]
    [InlineData(2.675, 2, 2.67)]
    [InlineData(0.0625, 3, 0.062)]
    [InlineData(2.5, 0, 2)]
    [InlineData(1.005, 2, 1)]
    [InlineData(123456789012.0625, 3, 123456789012.062)]
    [InlineData(1e22, 2, 1e22)]
    public void Numbers_are_rounded_as_python_rounds(double value, int digits, double expected) =>
        Assert.Equal(expected, NumberAnswers.Rounded(value, digits));
}
