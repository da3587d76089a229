using Espalier.Models.Generation;
using FsCheck;
using FsCheck.Fluent;

namespace Espalier.Models.Tests.Generation;

public sealed class StopTextTests
{
    [Fact]
    public void What_may_begin_a_stop_is_held_back_until_it_is_known()
    {
        var stop = new StopText(["END", "\n\n"]);
        Assert.Equal("a ", stop.Append("a E"));
        Assert.Equal("", stop.Append("N"));
        Assert.Equal("ENx ", stop.Append("x \n"));
        Assert.Equal("\ny", stop.Append("y"));
        Assert.Null(stop.Met);
        Assert.Equal("", stop.Append("E"));
        Assert.Equal("z", new StopText(["END"]).Append("zEND and more"));
        Assert.Equal("E", stop.Finish());
    }

    [Fact]
    public void The_first_stop_that_is_whole_ends_the_text_and_nothing_follows()
    {
        var stop = new StopText(["cd", "bcde", ""]);
        Assert.Equal("a", stop.Append("abc"));
        // "cd" is whole before "bcde" can be.
        Assert.Equal("b", stop.Append("d"));
        Assert.Equal("cd", stop.Met);
        Assert.Equal("", stop.Append("more"));
        Assert.Equal("", stop.Finish());
    }

    /// <summary>However a text is cut, what comes is the text before the first stop.</summary>
    [Fact]
    public void Pieces_do_not_show()
    {
        var letters = Gen.Elements('a', 'b', 'c');
        var texts = letters.ArrayOf().Select(static some => new string(some));
        var cases = from text in texts.Resize(40)
                    from stops in texts.Resize(4).ArrayOf(3)
                    from cut in Gen.Choose(1, 5)
                    select (text, stops, cut);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Arb.From(cases), static one =>
        {
            var (text, stops, cut) = one;
            stops = [.. stops.Where(static stop => stop.Length > 0)];
            var end = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(static at => at >= 0)
                .DefaultIfEmpty(text.Length).Min();
            // Where a longer stop that begins earlier is not yet whole, a shorter one inside of it may end the text before.
            var stream = new StopText(stops);
            var told = "";
            for (var at = 0; at < text.Length && stream.Met is null; at += cut)
                told += stream.Append(text[at..Math.Min(text.Length, at + cut)]);
            told += stream.Finish();
            return stream.Met is null ? told == text && end == text.Length : text.StartsWith(told + stream.Met, StringComparison.Ordinal)
                && stops.All(stop => !told.Contains(stop, StringComparison.Ordinal));
        }));
    }
}
