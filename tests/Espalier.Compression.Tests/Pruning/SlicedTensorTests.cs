using System.Runtime.InteropServices;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Slices that are made block by block against slices of the whole tensor.</summary>
public sealed class SlicedTensorTests
{
    private const string Name = "model.layers.2.mlp.up_proj.weight"; // 96 rows of 48

    [Theory]
    [InlineData(1, 7)]
    [InlineData(100, 64)]
    [InlineData(48 * 5, 1000)]
    [InlineData(1 << 20, 33)]
    public void Any_block_and_any_piece_give_the_same_elements(int block, int piece)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var (whole, shape) = (teacher.ReadFloat32(Name), teacher.Entry(Name).Shape);
        int[] rows = [0, 3, 4, 17, 40, 41, 60], columns = [1, 2, 5, 47];
        foreach (var (keptRows, keptColumns) in new[] { (rows, columns), (rows, null), (null, columns), (null, null) })
        {
            var tensor = new SlicedTensor(teacher, Name, shape) { Rows = keptRows, Columns = keptColumns, BlockElements = block };
            float[] expected = [
                .. (keptRows
                    ?? Enumerable.Range(0, 96)).SelectMany(row =>
                    (keptColumns ?? Enumerable.Range(0, 48)).Select(column => whole[row * 48 + column]))];
            var actual = new float[expected.Length];
            foreach (var _ in new[] { "forward", "again from the start" })
            {
                Array.Clear(actual);
                for (var at = 0; at < actual.Length; at += piece)
                    tensor.Read(at, actual.AsSpan(at, Math.Min(piece, actual.Length - at)));
                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void A_row_takes_in_another_that_lies_in_another_block()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var whole = teacher.ReadFloat32(Name);
        var tensor = new SlicedTensor(teacher, Name, teacher.Entry(Name).Shape)
        {
            Rows = [2, 50],
            BlockElements = 96,
            TakesIn = row => row == 2 ? [new(Name, 90, -1)] : []
        };
        var actual = new float[96];
        tensor.Read(0, actual);
        Assert.Equal(Enumerable.Range(0, 48).Select(j => (float)(2.0 * whole[2 * 48 + j] - whole[90 * 48 + j])), actual[..48]);
        Assert.Equal(whole[(50 * 48)..(51 * 48)], actual[48..]);
    }

    [Theory]
    [InlineData(Name, 95)]
    [InlineData("model.layers.5.self_attn.q_proj.weight", 0)]
    public void A_weight_that_goes_and_is_not_finite_is_refused_and_nothing_is_written(string name, int row)
    {
        var folder = Directory.CreateTempSubdirectory("espalier-").FullName;
        try
        {
            var model = Directory.CreateDirectory(Path.Combine(folder, "model")).FullName;
            foreach (var file in Directory.GetFiles(Fixtures.Golden("pruning", "teacher")))
                File.WriteAllBytes(Path.Combine(model, Path.GetFileName(file)), File.ReadAllBytes(file));
            Break(Path.Combine(model, "model.safetensors"), name, row * 48);
            using var teacher = Checkpoint.Open(model);
            var student = teacher.Config with { Layers = 5, IntermediateSize = 64 };
            var whole = PlanBuilder.Random(teacher.Config, student, 1);
            var plan = whole with
            {
                Kept = whole.Kept.With(Axis.Layers, [[0, 1, 2, 3, 4]])
                    .With(Axis.Ffn, [.. whole.Kept[Axis.Ffn]!.Select(_ => Enumerable.Range(0, 64).ToArray())]),
            };
            var error =
                Assert.Throws<EspalierException>(() =>
                    Pruner.Write(teacher, plan, Path.Combine(folder, "student"), ElementType.F32, NullProgress.Instance));
            Assert.Contains($"'{name}' element {row * 48}", error.Message);
            Assert.Equal([model], Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Break(string path, string name, int element)
    {
        long offset;
        using (var opened = SafetensorsFile.Open(path))
            offset = opened.Entries[name].Offset;
        using var file = new FileStream(path, FileMode.Open);
        file.Position = offset + 4 * element;
        file.Write(MemoryMarshal.AsBytes<float>([float.PositiveInfinity]));
    }
}
