using System.Text;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Search;
using Espalier.Models;
using Espalier.Reports.Pictures;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

/// <summary>The pictures of a search and of a depth scan: axes with units, points with names.</summary>
public sealed class PictureTests
{
    [Fact]
    public void Candidates_are_named_by_their_rank_in_the_table_and_axes_have_units()
    {
        using var stream = new MemoryStream();
        ParetoPicture.Write(stream,
            new()
            {
                Candidates = [Row(1, 4, 3.1), Row(2, 6, 3.2), Row(3, 5, 3.4)],
                Proxy = SearchProxy.Importance,
                ProxySpearman = 1,
                End = HalvingEnd.RungsUsedUp,
                Why = "ended"
            });
        var page = ReportPage.Parse(Encoding.UTF8.GetString(stream.ToArray()));
        var chart = page.Descendants("svg").Single(svg => (string?)svg.Attribute("aria-label") == "held-out NLL against parameters");
        var texts = chart.Elements("text").ToLookup(text => (string?)text.Attribute("class") ?? "", text => text.Value);
        Assert.Equal(["1", "2", "3"],
            texts.Where(group => group.Key.EndsWith("name", StringComparison.Ordinal)).SelectMany(group => group).Order());
        Assert.Equal("held-out NLL, nats per token", texts["label"].Single());
        Assert.Equal("parameters, millions", texts["middle label"].Single());
        Assert.Equal(["1", "2", "3"], page.Descendants("tbody").Single().Elements("tr").Select(row => row.Element("th")!.Value));
        Assert.Contains(page.Descendants("h3"), heading => heading.Value == "Loss against time per generated token");
    }

    [Fact]
    public void A_depth_scan_has_a_mark_a_layer_whole_ticks_and_its_values_with_units()
    {
        double[] singles = [0.9, 0.2, 0.4, 0.8];
        DepthScores scores = new()
        {
            Layers = 4,
            Samples = 8,
            SampleLength = 16,
            Metrics = new Dictionary<DepthMetricKind, DepthMetricScores>
            {
                [DepthMetricKind.LmLoss] = new()
                {
                    Whole = 0.1,
                    Singles = singles,
                    Spans = new Dictionary<int, double[]>(),
                    Removed = [],
                    RemovedValues = []
                },
            },
        };
        using var text = new StringWriter();
        DepthPicture.Write(text, new("folder/model/", scores, null, null, null));
        var page = ReportPage.Parse(text.ToString());
        var chart = page.Descendants("svg").Single(svg => (string?)svg.Attribute("aria-label") == "Harm of removing each layer");
        Assert.Equal(["lm-loss, layer, 0: 1.000", "lm-loss, layer, 1: 0.125", "lm-loss, layer, 2: 0.375", "lm-loss, layer, 3: 0.875"],
            chart.Descendants("circle").Select(mark => mark.Element("title")!.Value));
        Assert.Equal("1",
            chart.Elements("text")
                .Single(name => ((string?)name.Attribute("class"))?.EndsWith("name", StringComparison.Ordinal) == true).Value);
        Assert.Equal(["0", "1", "2", "3"],
            chart.Elements("text").Where(tick => (string?)tick.Attribute("class") == "middle").Select(tick => tick.Value));
        Assert.Contains(page.Descendants("th"), heading => heading.Value == "lm-loss, nats per token");
    }

    private static CandidateRow Row(int rank, int layers, double nll) => new()
    {
        Rank = rank,
        Sizes = new() { [Axis.Layers] = layers, [Axis.Heads] = 8, [Axis.Ffn] = 512, [Axis.Hidden] = 128 },
        Parameters = 1_000_000L * layers,
        NonEmbeddingParameters = 900_000L * layers,
        MemoryBytes = 1,
        ForwardFlopsPerToken = 1,
        Proxy = 1,
        ProxyRank = rank,
        Losses = [new(10, "held-out", nll + 0.5, 0.1), new(20, "held-out", nll, 0.1)],
        DecodeSeconds = 0.001 * layers,
    };
}
