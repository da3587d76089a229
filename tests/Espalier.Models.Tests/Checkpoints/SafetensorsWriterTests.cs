using System.Buffers.Binary;
using Espalier.Models;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("families/llama-3.1/model.safetensors")]
    [InlineData("families/nemotron/model.safetensors")]
    [InlineData("families/mistral/golden.safetensors")]
    [InlineData("pruning/scores.safetensors")]
    [InlineData("pruning/calibration.safetensors")]
    [InlineData("../../models/quickstart-teacher/model.safetensors")]
    public void Rewriting_a_file_of_the_reference_library_gives_the_same_bytes(string name)
    {
        using var source = SafetensorsFile.Open(Fixtures.Golden(name));
        var path = Path.Combine(_folder, "copy.safetensors");
        var layout =
            SafetensorsLayout.Plan(source.Entries.Values.Reverse()
                .Select(static entry => new TensorSpec(entry.Name, entry.Type, entry.Shape)), source.Metadata);
        SafetensorsWriter.Write(path, layout, (tensor, first, bytes) => source.Read(source.Entry(tensor.Name), first, bytes));
        Assert.True(File.ReadAllBytes(Fixtures.Golden(name)).AsSpan().SequenceEqual(File.ReadAllBytes(path)));
    }

    [Fact]
    public void A_file_that_is_shortened_while_it_is_open_is_an_error_that_names_the_tensor()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        SafetensorsWriter.Write(path, SafetensorsLayout.Plan([new("a", ElementType.F32, [4]), new("b", ElementType.F32, [4])]),
            static (_, _, bytes) => bytes.Clear());
        using var opened = SafetensorsFile.Open(path);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(file.Length - 1);
        Assert.Equal(16, opened.ReadBytes("a").Length);
        var error = Assert.Throws<EspalierException>(() => opened.ReadBytes("b"));
        Assert.Contains($"{path}: had {opened.Length} bytes when it was opened but now ends at {opened.Length - 1}, inside 'b'",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_more_bytes_than_an_array_holds_is_read_in_pieces_and_refused_as_a_whole()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        var layout = SafetensorsLayout.Plan([new("vast", ElementType.U8, [(1L << 31) + 8]), new("many", ElementType.F32, [1L << 31])]);
        using (var file = new FileStream(path, FileMode.CreateNew))
        {
            file.Write(layout.Header.Span);
            // The rest is a hole, which takes no room.
            file.SetLength(layout.Length);
            file.Position = layout.Entries.Single(static entry => entry.Name == "vast").Offset + (1L << 31) + 7;
            file.WriteByte(9);
        }
        using var opened = SafetensorsFile.Open(path);
        var last = new byte[2];
        opened.Read(opened.Entry("vast"), (1L << 31) + 6, last);
        Assert.Equal([0, 9], last);
        Assert.Contains("'vast' is too large to read at once, 2147483656 bytes",
            Assert.Throws<EspalierException>(() => opened.ReadBytes("vast")).Message, StringComparison.Ordinal);
        Assert.Contains("'many' is too large", Assert.Throws<EspalierException>(() => opened.ReadFloat32("many")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_fails_leaves_the_old_file_and_nothing_else()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        File.WriteAllText(path, "old");
        var layout = SafetensorsLayout.Plan([new("a", ElementType.F32, [4]), new("b", ElementType.F32, [4])]);
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, layout, static (tensor, _, _) =>
        {
            if (tensor.Name == "b")
                throw new InvalidOperationException("the source broke");
        }));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public void A_full_disk_is_known_before_the_first_byte_and_leaves_nothing_behind()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        var layout = SafetensorsLayout.Plan([new("a", ElementType.F32, [1L << 55])]);
        var error = Assert.Throws<EspalierException>(() =>
            SafetensorsWriter.Write(path, layout, static (_, _, _) => throw new InvalidOperationException("asked for bytes")));
        Assert.Contains($"needs {Units.Room(layout.Length)}", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named() =>
        Assert.Contains("cannot be written", Assert.Throws<EspalierException>(() => SafetensorsWriter.Write(
            Path.Combine(_folder, "no/such/model.safetensors"), SafetensorsLayout.Plan([new("a", ElementType.U8, [1])]),
            static (_, _, _) => { })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_cancelled_write_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        var layout = SafetensorsLayout.Plan([new("a", ElementType.F32, [4]), new("b", ElementType.F32, [4])]);
        Assert.Throws<OperationCanceledException>(() => SafetensorsWriter.Write(
            Path.Combine(_folder, "model.safetensors"), layout, (_, _, _) => cancellation.Cancel(), cancellation: cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_link_in_the_file_s_place_is_replaced_and_its_target_untouched()
    {
        var target = Path.Combine(_folder, "target");
        File.WriteAllText(target, "mine");
        var path = Path.Combine(_folder, "model.safetensors");
        File.CreateSymbolicLink(path, target);
        SafetensorsWriter.Write(path, SafetensorsLayout.Plan([new("a", ElementType.U8, [0])]), static (_, _, _) => { });
        Assert.Equal("mine", File.ReadAllText(target));
        Assert.Null(new FileInfo(path).LinkTarget);
    }

    [Fact]
    public void Scalars_and_empty_tensors_are_written_and_read_back()
    {
        var path = Path.Combine(_folder, "small.safetensors");
        var layout =
            SafetensorsLayout.Plan(
                [new("empty", ElementType.F32, [3, 0]), new("step", ElementType.I64, []), new("flag", ElementType.Bool, [1])]);
        SafetensorsWriter.Write(path, layout, static (tensor, _, bytes) =>
        {
            bytes.Clear();
            if (tensor.Name == "step")
                BinaryPrimitives.WriteInt64LittleEndian(bytes, 12345);
        });
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(12345, BinaryPrimitives.ReadInt64LittleEndian(file.ReadBytes("step")));
        Assert.Empty(file.ReadFloat32("empty"));
        Assert.Equal([3L, 0L], file.Entry("empty").Shape);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Shapes_without_a_size_are_refused(long size) =>
        Assert.Throws<EspalierException>(() => SafetensorsLayout.Plan([new("a", ElementType.F32, [size, 2])]));

    [Fact]
    public void A_name_that_stands_twice_is_refused() =>
        Assert.Throws<EspalierException>(() => SafetensorsLayout.Plan([new("a", ElementType.F32, [1]), new("a", ElementType.F16, [1])]));
}
