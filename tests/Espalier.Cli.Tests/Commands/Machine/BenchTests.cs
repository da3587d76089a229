using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Machine;

public sealed class BenchTests : TorchTest
{
    [Fact]
    public void Models_are_measured_side_by_side_with_the_ratio_of_their_operations()
    {
        var json = Verb.Json($"bench {Verb.Tiny} {Verb.Tiny} --contexts 8,16 --batches 1,2 --tokens 4 --rounds 6");
        var rows = json.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(
            ["prefill 8 1", "prefill 8 1", "prefill 16 1", "prefill 16 1", "decode 8 1", "decode 8 1", "decode 8 2", "decode 8 2",
                "decode 16 1", "decode 16 1", "decode 16 2", "decode 16 2"],
            rows.Select(row => $"{row.GetProperty("phase").GetString()} {row.GetProperty("context")} {row.GetProperty("batch")}"));
        foreach (var row in rows)
            Assert.True(Value(row, "lowest") <= Value(row, "tokens_per_second")
                && Value(row, "tokens_per_second") <= Value(row, "highest"));
        // A model has no gain over itself to speak of, and as many operations.
        foreach (var row in rows.Where((_, i) => i % 2 == 1))
        {
            Assert.Equal(1, Value(row, "operations"));
            Assert.Equal(Value(row, "gain"), Value(row, "share"));
            Assert.True(Value(row, "gain_lower") <= Value(row, "gain") && Value(row, "gain") <= Value(row, "gain_upper"));
        }
        Assert.False(rows[0].TryGetProperty("gain", out _));
    }

    [Theory]
    [InlineData("--contexts 100000", "positions of")]
    [InlineData("--tokens 100000", "give fewer")]
    [InlineData("--rounds 5", "--rounds is 5")]
    [InlineData("--batches 0", "batches")]
    public void What_cannot_be_measured_is_refused(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"bench {Verb.Tiny} {arguments}"), StringComparison.Ordinal);

    private static double Value(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
