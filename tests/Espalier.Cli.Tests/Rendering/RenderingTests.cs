using Espalier.Cli.Rendering;

namespace Espalier.Cli.Tests.Rendering;

public sealed class RenderingTests
{
    private static TextTable Models()
    {
        var table = new TextTable("model", ">loss");
        table.Add("teacher", "2.5");
        table.Add("[pruned]", "10.25");
        return table;
    }

    [Fact]
    public void Plain_tables_are_aligned_with_numbers_to_the_right()
    {
        var output = new StringWriter();
        Models().WritePlain(output);
        Assert.Equal("model      loss\nteacher     2.5\n[pruned]  10.25\n", output.ToString());
    }

    [Theory]
    [InlineData(3.10844, 0.0213, "3.1084 ± 0.0213")]
    [InlineData(0.693147, 0, "0.6931")]
    public void A_loss_whose_error_is_not_known_stands_alone(double loss, double error, string text) =>
        Assert.Equal(text, Compression.Evaluation.LossText.WithError(loss, error));

    [Fact]
    public void A_file_gets_no_escape_sequences_and_no_borders()
    {
        var output = new StringWriter();
        var page = new Page(new Terminal(output, TextWriter.Null, false, false, true));
        page.Heading("Models");
        page.Table(Models());
        Assert.DoesNotContain('\u001b', output.ToString());
        Assert.StartsWith("Models\nmodel ", output.ToString());
    }

    [Fact]
    public void A_terminal_gets_borders_and_the_same_cells()
    {
        var output = new StringWriter();
        new Page(new Terminal(output, TextWriter.Null, true, true, false)).Table(Models());
        Assert.Contains("╭", output.ToString());
        Assert.Contains("[pruned]", output.ToString());
    }

    [Fact]
    public void Without_colours_nothing_is_coloured()
    {
        var output = new StringWriter();
        Spectres.Console(output, colors: false).Write(new Spectre.Console.Markup("[red]text[/]"));
        Assert.DoesNotContain("[31m", output.ToString());
        Assert.DoesNotContain("[38;", output.ToString());
    }

    [Fact]
    public void A_row_of_the_wrong_length_is_refused() => Assert.Throws<ArgumentException>(() => Models().Add("alone"));

    [Fact]
    public void Json_says_null_for_a_number_that_is_none() =>
        Assert.Equal("""{"perplexity":null,"tokens":3}""",
            JsonOutput.Serialize(new { Perplexity = double.NaN, Tokens = 3, Missing = (string?)null }));
}
