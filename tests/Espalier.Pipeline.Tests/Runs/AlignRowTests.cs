using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Tests.Runs;

public sealed class AlignRowTests
{
    [Fact]
    public void What_was_repaired_or_cut_was_not_left_out()
    {
        var row = new AlignRow("align", "sft", 37, new Dictionary<string, long>
        {
            ["too-long"] = 1,
            ["no-answer"] = 2,
            ["repaired-utf8"] = 41,
            ["removed-nul"] = 40,
            ["cut-to-window"] = 3,
            ["doubled-bos"] = 5,
        }, null, null);
        Assert.Equal(3, row.LeftOut);
    }
}
