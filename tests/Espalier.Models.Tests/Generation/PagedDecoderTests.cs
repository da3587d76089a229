using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Tests;

namespace Espalier.Models.Tests.Generation;

/// <summary>Sequences in blocks that lie anywhere, against the same in one piece.</summary>
public sealed class PagedDecoderTests : TorchTest
{
    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Order().Select(static folder => Path.GetFileName(folder))];

    /// <summary>Bit for bit, whatever goes through beside them and in how many steps.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Blocks_and_steps_change_no_bit(string family)
    {
        const int Block = 4, Length = 30;
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        int[][] ids = [.. Enumerable.Range(0, 3).Select(s => Enumerable.Range(0, Length).Select(i => (5 + 7 * s + 11 * i) % 90).ToArray())];
        var expected = ids.Select(sequence => OneByOne(packed, sequence)).ToArray();

        // Of each sequence eight blocks, scattered over the pool.
        int[][] blocks = [[3, 11, 20, 1, 23, 8, 15, 0], [22, 2, 4, 19, 5, 14, 6, 7], [9, 21, 10, 13, 12, 18, 16, 17]];
        using var decoder = new RowDecoder(packed, 24, Block, 16, 16, Length, slots: 3);
        int[] done = [0, 0, 0];
        var random = new Random(3);
        while (done.Min() < Length)
        {
            var rows = new List<(int Sequence, int Position)>();
            for (var s = 0; s < 3; s++)
                for (var count = random.Next(0, 6); count > 0 && done[s] < Length; count--)
                    rows.Add((s, done[s]++));
            if (rows.Count == 0)
                continue;
            decoder.Take([.. rows.SelectMany(row => blocks[row.Sequence])], [.. rows.Select(row => 2 - row.Sequence)],
                [.. rows.Select(row => row.Position)], [.. rows.Select(row => ids[row.Sequence][row.Position])],
                [.. Enumerable.Range(0, rows.Count)]);
            for (var r = 0; r < rows.Count; r++)
                Assert.Equal(expected[rows[r].Sequence][rows[r].Position], decoder.Logits(r).ToArray());
        }
    }

    [Fact]
    public void Only_wanted_rows_have_logits()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var expected = OneByOne(packed, [4, 9, 2, 7]);
        using var decoder = new RowDecoder(packed, 2, 4, 4, 4, 4, slots: 1);
        decoder.Take([1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 2, 3], [4, 9, 2, 7], [1, 3]);
        Assert.Equal(expected[1], decoder.Logits(0).ToArray());
        Assert.Equal(expected[3], decoder.Logits(1).ToArray());
    }

    private static float[][] OneByOne(PackedWeights packed, int[] ids)
    {
        using var decoder = new RowDecoder(packed, 1, ids.Length);
        return [.. ids.Select((id, t) =>
        {
            decoder.Next([0], [t], [id]);
            return decoder.Logits(0).ToArray();
        })];
    }
}
