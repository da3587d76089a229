using System.Xml.Linq;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Sections.Pruning;

namespace Espalier.Reports.Tests;

public sealed class ChartTests
{
    [Theory]
    [InlineData(0, 10, "0 2 4 6 8 10")]
    [InlineData(2.87, 4.12, "3 3.2 3.4 3.6 3.8 4")]
    [InlineData(0, 0.001, "0 2e-4 4e-4 6e-4 8e-4 1e-3")]
    public void Ticks_are_round(double low, double high, string expected) =>
        Assert.Equal(expected, string.Join(' ', Axis.Between(low, high).Ticks.Select(Figures.Tick)));

    [Fact]
    public void Axis_without_finite_values_runs_from_0_to_1()
    {
        var axis = Axis.Over([double.NaN, double.PositiveInfinity, 1e300]);
        Assert.Equal((0, 1), (axis.Low, axis.High));
    }

    [Fact]
    public void Axis_of_one_value_has_it_in_its_middle() => Assert.Equal(50, Axis.Over([3.0]).Place(3, 0, 100), 9);

    [Fact]
    public void Lone_point_is_a_dot_and_NaN_a_gap()
    {
        var path = Draw(new("s", 0, SeriesStyle.Line, [new(0, 1), new(1, double.NaN), new(2, 2), new(3, 3)]))
            .Descendants("g").Single().Element("path")!.Attribute("d")!.Value;
        Assert.Matches(@"^M[\d.]+ [\d.]+h0M[\d.]+ [\d.]+L[\d.]+ [\d.]+$", path);
    }

    [Fact]
    public void Marks_have_error_bars_and_tooltips()
    {
        var group = Draw(new("run", 1, SeriesStyle.Marks, [new(5, 3.25, 0.5), new(6, double.NaN, 1), new(7, 3, double.NaN)]))
            .Descendants("g").Single();
        Assert.Equal(["run, 5: 3.250 ± 0.500", "run, 7: 3.000 ± not a number"], group.Descendants("title").Select(title => title.Value));
        Assert.Single(group.Elements("path"));
    }

    [Fact]
    public void Colours_beyond_the_palette_differ_in_their_dashes() =>
        Assert.Equal(30, Enumerable.Range(0, Series.Looks).Select(i => new Series("", i, SeriesStyle.Line, []).Class).Distinct().Count());

    [Fact]
    public void Marks_beyond_the_palette_differ_in_their_shapes()
    {
        string Shape(int color) =>
            Draw(new("s", color, SeriesStyle.Marks, [new(1, 1)])).Descendants("g").Single().Elements().Single() is var mark
            ? $"{mark.Name} {(string?)mark.Attribute("points")}" : "";
        Assert.Equal(5, new[] { 0, 6, 12, 18, 24 }.Select(Shape).Distinct().Count());
    }

    [Theory]
    [InlineData(5, "layer 0;layer 1;layer 2;layer 3;layer 4")]
    [InlineData(9, "layer 0;layer 1;layer 2;layer 3;layer 4;layer 5;layer 6;layer 7;layer 8")]
    [InlineData(18,
        "layer 0 to 1;layer 2 to 3;layer 4 to 5;layer 6 to 7;layer 8 to 9;layer 10 to 11;layer 12 to 13;layer 14 to 15;layer 16 to 17")]
    public void A_legend_says_which_layers_a_colour_stands_for(int layers, string legend)
    {
        var series = ImportanceCurves.PerLayer([.. Enumerable.Range(0, layers).Select(layer => new[] { 1.0, 0.5 })]);
        var entries = ImportanceCurves.Legend(series);
        Assert.Equal(legend, string.Join(';', entries.Select(entry => entry.Name)));
        Assert.Equal(entries.Count, entries.Select(entry => entry.Class).Distinct().Count());
    }

    [Fact]
    public void Layers_without_such_units_have_no_curve() =>
        Assert.Equal(["layer 1", "layer 3"],
            ImportanceCurves.PerLayer([[0, 0], [1, 0.5], [0, 0], [0, 1], [0, 0]]).Select(layer => layer.Name));

    [Fact]
    public void Names_of_points_do_not_cover_each_other()
    {
        var points = Enumerable.Range(0, 6).Select(i => new Point(1 + 0.01 * i, 2 + 0.02 * (i % 2), 0, $"{i}")).ToArray();
        var names =
            Written(new SvgChart
            {
                Title = "t",
                XLabel = "x",
                YLabel = "y",
                Series = [new("s", 0, SeriesStyle.Marks, points)],
                FromZero = false
            }.Write)
            .Elements("text").Where(text => ((string)text.Attribute("class")!).EndsWith("name", StringComparison.Ordinal)).ToArray();
        Assert.Equal(["0", "1", "2", "3", "4", "5"], names.Select(name => name.Value));
        Assert.Equal(6, names.Select(name => ((string?)name.Attribute("x"), (string?)name.Attribute("y"))).Distinct().Count());
    }

    [Fact]
    public void A_chart_is_drawn_for_a_page_of_400_pixels()
    {
        var lines = Enumerable.Range(0, 12).Select(i => new Series($"layer {i}", i, SeriesStyle.Line, [new(0, i), new(123_456, 1e-3 * i)]))
            .ToArray();
        Series rate = new("rate", 0, SeriesStyle.Secondary, [new(0, 1e-3), new(123_456, 1e-4)]);
        var chart =
            Written(new SvgChart
            {
                Title = "t",
                XLabel = "step",
                YLabel = new string('y', 90),
                SecondaryLabel = "learning rate",
                Series = [rate, .. lines]
            }.Write);
        var width = double.Parse(chart.Attribute("viewBox")!.Value.Split(' ')[2], CultureInfo.InvariantCulture);
        // Letters of 14 units come out at ten pixels or more, and no text leaves the picture.
        Assert.True(14 * 370 / width >= 10, $"{width} units");
        Assert.All(chart.Elements("text"), text =>
        {
            var (x, wide) = (double.Parse(text.Attribute("x")!.Value, CultureInfo.InvariantCulture), 8.3 * text.Value.Length);
            var from =
                (string?)text.Attribute("class") switch
                {
                    var c when c?.Contains("middle", StringComparison.Ordinal) == true =>
                    x - wide / 2,
                    var c when c?.Contains("end", StringComparison.Ordinal) == true => x - wide,
                    _ => x
                };
            Assert.True(from >= -1 && from + wide <= width + 8, $"'{text.Value}' from {from} to {from + wide} of {width}");
        });
        Assert.Contains("layer 0: from 0 at 0", chart.Element("desc")!.Value, StringComparison.Ordinal);
        Assert.Equal((string?)chart.Element("desc")!.Attribute("id"), (string?)chart.Attribute("aria-describedby"));
    }

    [Fact]
    public void Binned_extremes_keep_the_spike()
    {
        var points = Enumerable.Range(0, 10_000).Select(i => new Point(i, i == 7777 ? 9 : 1)).ToArray();
        var kept = Binning.Extremes(points, 50);
        Assert.InRange(kept.Length, 50, 100);
        Assert.Contains(new Point(7777, 9), kept);
        Assert.Equal(kept.OrderBy(point => point.X), kept);
    }

    [Fact]
    public void Bin_means_are_of_neighbours_and_leave_out_what_is_not_finite() =>
        Assert.Equal([1.5, 3, double.NaN], Binning.Means([1, 2, 3, double.NaN, double.NaN, double.NaN], 3));

    [Fact]
    public void Running_mean_of_equal_values_is_that_value_from_the_first() =>
        Assert.All(Binning.Smooth([new(0, 2), new(1, double.NaN), new(2, 2)], 10), point => Assert.Equal(2, point.Y, 12));

    [Fact]
    public void Running_mean_of_a_straight_line_does_not_lag()
    {
        var line = Enumerable.Range(0, 50).Select(i => new Point(i, 3 * i)).ToArray();
        Assert.All(Binning.Smooth(line, 10), (point, i) => Assert.Equal(3 * i, point.Y, 9));
    }

    [Fact]
    public void Heat_map_shades_cells_against_their_rows_largest()
    {
        var map = new HeatMap
        {
            Title = "t",
            XLabel = "x",
            YLabel = "y",
            Rows = [[4.0, 1.0, 0], [400.0, double.NaN, -1]],
            Crossed = (row, column) => (row, column) == (1, 2)
        };
        var page = Written(map.Write);
        var shades = page.Descendants("path").Where(path => (string?)path.Attribute("class") == "heat")
            .ToDictionary(path => (string)path.Attribute("fill-opacity")!, path => path.Attribute("d")!.Value.Count(c => c == 'M'));
        Assert.Equal(new() { ["1"] = 2, ["0.5"] = 1 }, shades);
        Assert.Equal(2,
            page.Descendants("path").Single(path => (string?)path.Attribute("class") == "cross")
                .Attribute("d")!.Value.Count(c => c == 'M'));
    }

    [Fact]
    public void Heat_map_of_a_large_model_stays_small()
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, 161).Select(_ => Enumerable.Range(0, 8192).Select(_ => random.NextDouble()).ToArray()).ToArray();
        using var text = new StringWriter();
        using (var html = new HtmlBuilder(text))
            new HeatMap { Title = "t", XLabel = "x", YLabel = "y", Rows = rows }.Write(html);
        Assert.InRange(text.ToString().Length, 1000, 250_000);
    }

    [Fact]
    public void An_interval_is_named_by_its_ends()
    {
        var chart = Written(new IntervalChart("t", "x", [new("a", 3.25, 0.5), new("b", 3, 0), new("c", 3, double.NaN)]).Write);
        Assert.Equal(["a: 3.250, 95 % interval 2.750 to 3.750", "b: 3.000", "c: 3.000"], chart.Descendants("g")
            .SelectMany(group => group.Descendants("title")).Select(title => title.Value));
    }

    [Fact]
    public void Bars_draw_what_is_finite_and_cross_what_is_marked()
    {
        var page =
            Written(new BarChart
            {
                Title = "t",
                XLabel = "x",
                YLabel = "y",
                Values = [0.5, double.NaN, 0.1, -0.2],
                Marked = new HashSet<int> { 2 },
                Mark = "dropped"
            }.Write);
        Assert.Equal(["0: 0.500", "2: 0.100, dropped", "3: -0.200"], page.Descendants("title").Select(title => title.Value));
        Assert.Single(page.Descendants("text"), text => text.Value == "✕");
    }

    [Theory]
    [InlineData("student", "student")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(rm)", "'$(rm)'")]
    [InlineData("-x", "'./-x'")]
    public void Words_are_quoted_for_a_shell(string word, string expected) => Assert.Equal(expected, Quoted.Shell(word));

    [Fact]
    public void Numbers_that_are_not_finite_are_said_in_words()
    {
        Assert.Equal("not a number ± infinite", Figures.LossWithError(double.NaN, double.PositiveInfinity));
        Assert.Equal("–", Figures.Share(1, 0));
        Assert.Equal("–", Figures.Time(double.NaN));
    }

    private static XElement Draw(Series series) =>
        Written(new SvgChart { Title = "t", XLabel = "x", YLabel = "y", Series = [series] }.Write);

    private static XElement Written(Action<HtmlBuilder> write)
    {
        using var text = new StringWriter();
        using (var html = new HtmlBuilder(text))
            write(html);
        return XElement.Parse(text.ToString());
    }
}
