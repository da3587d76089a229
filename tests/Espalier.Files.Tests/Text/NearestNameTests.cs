namespace Espalier.Files.Tests.Text;

public sealed class NearestNameTests
{
    private static readonly string[] s_known = ["learning-rate", "warm-up", "weight-decay", "steps", "l2", "llama"];

    [Theory]
    [InlineData("learning_rate", "learning-rate")]
    [InlineData("lerning-rate", "learning-rate")]
    [InlineData("stpes", "steps")]
    [InlineData("STEPS", "steps")]
    [InlineData("warmup", "warm-up")]
    [InlineData("Lama", "llama")]
    public void A_typing_error_finds_the_name(string written, string meant) => Assert.Equal(meant, NearestName.Nearest(written, s_known));

    [Theory]
    [InlineData("vocabulary")]
    [InlineData("")]
    [InlineData("xy")]
    public void A_name_that_resembles_none_finds_none(string written) => Assert.Null(NearestName.Nearest(written, s_known));

    [Fact]
    public void The_first_of_equally_near_names_wins() => Assert.Equal("cab", NearestName.Nearest("cax", ["cab", "cat"]));

    [Fact]
    public void A_hostile_name_costs_nothing() => Assert.Null(NearestName.Nearest(new string('s', 10_000_000), s_known));

    [Fact]
    public void The_hint_is_a_sentence_or_nothing()
    {
        Assert.Equal(" Did you mean steps?", NearestName.Hint("step", s_known));
        Assert.Equal("", NearestName.Hint("vocabulary", s_known));
    }

    [Theory]
    [InlineData("q3", " Did you mean q4_k_m or q4_0?")]
    [InlineData("q7_0", " Did you mean q8_0?")]
    [InlineData("q8", " Did you mean q8_0?")]
    [InlineData("f33", " Did you mean f32?")]
    [InlineData("zstandard2", "")]
    public void A_number_that_is_not_there_is_answered_with_those_next_to_it(string name, string hint) =>
        Assert.Equal(hint, NearestName.Hint(name, ["f32", "bf16", "q8_0", "q4_k_m", "q4_0"]));

    [Fact]
    public void Instead_of_a_name_stands_the_nearest_or_all()
    {
        Assert.Equal("did you mean steps?", NearestName.Instead("step", s_known));
        Assert.Equal("use one of a, b", NearestName.Instead("vocabulary", ["a", "b"]));
    }
}
