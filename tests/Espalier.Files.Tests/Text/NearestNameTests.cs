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

    [Fact]
    public void Instead_of_a_name_stands_the_nearest_or_all()
    {
        Assert.Equal("did you mean steps?", NearestName.Instead("step", s_known));
        Assert.Equal("use one of a, b", NearestName.Instead("vocabulary", ["a", "b"]));
    }
}
