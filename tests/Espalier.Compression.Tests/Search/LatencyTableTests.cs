using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Search;

public sealed class LatencyTableTests : TorchTest
{
    private static Candidate[] Shapes()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), requireWeights: false);
        return [.. ShapeSearch.Enumerate(checkpoint.Config, new() { Sizes = new() { [Axis.Layers] = [2, 4], [Axis.Hidden] = [64, 128] } },
            [])];
    }

    [Fact]
    public void A_shape_is_measured_once_whatever_its_depth_and_read_back_by_the_next_start()
    {
        var measured = new List<string>();
        using var file = new LatencyFile((shape, positions, isDecode) =>
        {
            measured.Add($"{shape.HiddenSize} {positions} {isDecode}");
            return new(shape.HiddenSize, 0.25, 0.5);
        });
        Assert.Equal([4 * 128 + 0.75, 4 * 64 + 0.75, 2 * 128 + 0.75, 2 * 64 + 0.75],
            Shapes().Select(shape => file.Table.Prefill(shape, 16)));
        Assert.Equal(["128 16 False", "64 16 False"], measured);
        var next = file.Open("one");
        Assert.Equal(4 * 128 + 0.75, next.Prefill(Shapes()[0], 16));
        Assert.Equal(2, measured.Count);
        _ = next.Prefill(Shapes()[0], 17);
        _ = next.Decode(Shapes()[0], 16);
        Assert.Equal(["128 17 False", "128 16 True"], measured[2..]);
    }

    [Fact]
    public void Times_of_another_machine_are_kept_and_not_used()
    {
        var seconds = 1.0;
        using var file = new LatencyFile((_, _, _) => new(seconds, 0, 0));
        Assert.Equal(4, file.Table.Decode(Shapes()[0], 8));
        seconds = 2;
        Assert.Equal(8, file.Open("other").Decode(Shapes()[0], 8));
        Assert.Equal(4, file.Open("one").Decode(Shapes()[0], 8));
    }

    [Fact]
    public void Stopped_between_two_shapes_it_keeps_the_first()
    {
        using var stop = new CancellationTokenSource();
        using var file = new LatencyFile((_, _, _) =>
        {
            stop.Cancel();
            return new(1, 0, 0);
        });
        var table = file.Open("one", stop.Token);
        _ = table.Prefill(Shapes()[0], 8);
        Assert.Throws<OperationCanceledException>(() => table.Prefill(Shapes()[1], 8));
        Assert.Equal(1, file.Open("one").Count);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"version\": 2, \"machines\": {}}")]
    [InlineData("{\"version\": 1, \"machines\": {\"one\": {\"x\": {\"layer\": -1, \"ends\": 0, \"head\": 0}}}}")]
    [InlineData("{\"version\": 1, \"machines\": {\"one\": null}}")]
    [InlineData("{\"version\": 1}")]
    public void A_damaged_table_is_begun_anew(string text)
    {
        using var file = new LatencyFile((_, _, _) => new(1, 0, 0));
        File.WriteAllText(file.Path, text);
        Assert.Equal(0, file.Open("one").Count);
    }

    [Fact]
    public void A_time_that_was_changed_is_not_believed()
    {
        using var file = new LatencyFile((_, _, _) => new(1, 0, 0));
        _ = file.Table.Prefill(Shapes()[0], 8);
        Assert.Equal(1, file.Open("one").Count);
        var text = File.ReadAllText(file.Path);
        File.WriteAllText(file.Path, text.Replace("\"layer\": 1", "\"layer\": 2", StringComparison.Ordinal));
        Assert.NotEqual(text, File.ReadAllText(file.Path));
        Assert.Equal(0, file.Open("one").Count);
        Assert.Equal(4, file.Open("one").Prefill(Shapes()[0], 8));
        Assert.Equal(text, File.ReadAllText(file.Path));
    }

    [Fact]
    public void A_table_without_a_hash_as_version_0_1_wrote_it_is_measured_again()
    {
        using var file = new LatencyFile((_, _, _) => new(1, 0, 0));
        File.WriteAllText(file.Path, "{\"version\": 1, \"machines\": {\"one\": {\"x\": {\"layer\": 1, \"ends\": 0, \"head\": 0}}}}");
        Assert.Equal(0, file.Open("one").Count);
        _ = file.Open("one").Prefill(Shapes()[0], 8);
        Assert.Equal(1, file.Open("one").Count);
    }

    [Theory]
    [InlineData("{ \"ping\": 12 }", true)]
    [InlineData("my measurements", true)]
    [InlineData("{\"version\": 1, \"machines\": {", false)]
    public void A_file_that_is_no_table_stays_as_it_is_and_one_that_is_damaged_is_replaced(string text, bool stays)
    {
        using var file = new LatencyFile((_, _, _) => new(1, 0, 0));
        File.WriteAllText(file.Path, text);
        _ = file.Open("one").Prefill(Shapes()[0], 8);
        Assert.Equal(stays, File.ReadAllText(file.Path) == text);
        Assert.Equal(stays ? 0 : 1, file.Open("one").Count);
    }

    [Fact]
    public void A_real_layer_takes_time_and_the_models_are_let_go()
    {
        var table = LatencyTable.Open(null);
        foreach (var seconds in new[] { table.Prefill(Shapes()[1], 8), table.Decode(Shapes()[1], 8) })
            Assert.True(seconds > 0 && double.IsFinite(seconds), $"{seconds}");
    }
}
