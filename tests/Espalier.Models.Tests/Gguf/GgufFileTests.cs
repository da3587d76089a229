using System.Text;
using Espalier.Models.Gguf;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bytes_of_a_file_are_those_of_the_format()
    {
        var metadata = new GgufMetadata();
        metadata.Add("a", "xy");
        metadata.Add("n", 7u);
        metadata.Add("t", new[] { "p", "" });
        var path = _folder.Of("small.gguf");

        GgufWriter.Write(path, metadata, [Source("w", GgufType.F32, [2, 3], 1, 2, 3, 4, 5, 6), Source("v", GgufType.F16, [1], 1)]);

        var bytes = File.ReadAllBytes(path);
        byte[] head =
        [
            .. "GGUF"u8, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
            .. Text("a"), 8, 0, 0, 0, .. Text("xy"),
            .. Text("n"), 4, 0, 0, 0, 7, 0, 0, 0,
            .. Text("t"), 9, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, .. Text("p"), .. Text(""),
            .. Text("w"), 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            .. Text("v"), 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0,
        ];
        Assert.Equal(head, bytes[..head.Length]);
        var data = (head.Length + 31) / 32 * 32;
        Assert.All(bytes[head.Length..data], b => Assert.Equal(0, b));
        Assert.Equal(data + 64, bytes.Length);
        Assert.Equal(new float[] { 1, 2, 3, 4, 5, 6 }.SelectMany(BitConverter.GetBytes), bytes[data..(data + 24)]);
        Assert.Equal([0x00, 0x3c], bytes[(data + 32)..(data + 34)]);
    }

    [Theory]
    [InlineData(GgufType.F32)]
    [InlineData(GgufType.F16)]
    [InlineData(GgufType.BF16)]
    [InlineData(GgufType.Q8_0)]
    internal void What_is_written_reads_back(GgufType type)
    {
        var metadata = new GgufMetadata();
        object[] values = ["text äß", 3u, -3, 1.5f, true, (byte)1, (sbyte)-1, (ushort)2, (short)-2, 5ul, -5L, 2.5, new[] { 1f, 2f },
            new[] { 4, -4 }, new[] { "a", "b" }, new[] { true, false }, Array.Empty<uint>()];
        for (var i = 0; i < values.Length; i++)
            metadata.Add($"key.{i}", values[i]);
        var weights = Enumerable.Range(0, 96).Select(i => (float)(i % 64 - 32)).ToArray();
        var path = _folder.Of("round.gguf");

        GgufWriter.Write(path, metadata, [Source("x", type, [3, 32], weights)]);
        using var file = GgufFile.Open(path);

        Assert.Equal(values, file.Metadata.Select(e => e.Value));
        Assert.Equal([3L, 32L], file["x"].Shape);
        Assert.Equal(type, file["x"].Type);
        if (type is not GgufType.Q8_0)
            Assert.Equal(weights, file.ReadFloat32("x"));
        else
            Assert.All(weights.Zip(file.ReadFloat32("x")), p => Assert.Equal(p.First, p.Second, 0.15f));
    }

    [Fact]
    public void A_failed_export_leaves_nothing_behind_and_the_old_file_alone()
    {
        var path = _folder.Of("old.gguf");
        File.WriteAllText(path, "old");

        var error = Assert.Throws<EspalierException>(() => GgufWriter.Write(path, [], [Source("big", GgufType.F16, [1], 1e6f)]));
        Assert.Contains("big", error.Message, StringComparison.Ordinal);
        Assert.Contains("bf16", error.Message, StringComparison.Ordinal);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            GgufWriter.Write(path, [], [Source("w", GgufType.F32, [1], 1)], cancellation: stopped.Token));

        Assert.Equal(["old.gguf"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public void Large_tensors_are_streamed_in_whole_units_of_rows()
    {
        // 3 MiB of float32 a unit: more than one chunk, and a last chunk that is shorter.
        var asked = new List<(long, int)>();
        void Read(long first, Span<float> rows)
        {
            asked.Add((first, rows.Length / 1024));
            for (var i = 0; i < rows.Length; i++)
                rows[i] = first + i / 1024;
        }
        var path = _folder.Of("large.gguf");

        GgufWriter.Write(path, [], [new("w", GgufType.F32, [2304, 1024], Read, RowsAtOnce: 768)]);

        Assert.Equal([(0L, 768), (768L, 768), (1536L, 768)], asked);
        using var file = GgufFile.Open(path);
        Assert.Equal(Enumerable.Range(0, 2304).Select(r => (float)r), file.ReadFloat32("w").Where((_, i) => i % 1024 == 5));
    }

    /// <summary>Bytes that an array can have, of weights that it cannot have; the files are holes.</summary>
    [Fact]
    public void What_no_array_holds_is_refused_by_its_name()
    {
        var path = _folder.Of("wide.gguf");
        var layout = GgufLayout.Of([], [new("wide", GgufType.Q4_0, [3_000_000, 1024], 0), new("row", GgufType.F32, [600_000_000], 0)]);
        using (var stream = File.Create(path))
        {
            stream.Write(layout.Head);
            stream.SetLength(layout.TotalBytes);
        }
        using var file = GgufFile.Open(path);
        var error = Assert.Throws<EspalierException>(() => file.ReadFloat32("wide"));
        Assert.Contains("tensor 'wide' of 3072000000 weights", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<EspalierException>(() => file.ReadRows(file["row"], 0, []));
        Assert.Contains("tensor 'row' has rows of 600000000 weights", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<EspalierException>(() => GgufWriter.Write(_folder.Of("written.gguf"), [],
            [new("row", GgufType.F32, [600_000_000], (_, _) => throw new InvalidOperationException("it was read"))]));
        Assert.Contains("tensor row: rows of 600000000 weights", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "empty", "not a GGUF file" },
        { "magic", "not a GGUF file" },
        { "version", "version 2" },
        { "tensor count", "number of tensors is 18446744073709551615" },
        { "key count", "number of metadata keys" },
        { "key length", "length of a metadata key" },
        { "key twice", "'k' appears twice" },
        { "value type", "value type 99" },
        { "nested array", "array of value type 9" },
        { "array length", "number of items of 'k'" },
        { "bool", "a boolean must be" },
        { "utf8", "not valid UTF-8" },
        { "dimensions", "5 dimensions" },
        { "no dimensions", "0 dimensions" },
        { "zero size", "dimension of 0" },
        { "huge shape", "too large" },
        { "tensor type", "ggml type 16" },
        { "block", "block of 32" },
        { "offset", "not a multiple of 32" },
        { "outside", "tensor 'w' ends at byte 1728, but the file has 313 bytes; it was cut off or is damaged" },
        { "no data", "tensor 'w' ends at byte 112, but the file has 57 bytes; it was cut off or is damaged" },
        { "junk", "the tensors end at byte 112, but the file has 129 bytes: the rest belongs to no tensor;" },
        { "junk after a head", "the tensors end at byte 32, but the file has 33 bytes" },
        { "overlap", "overlap at 0" },
        { "tensor twice", "'w' appears twice" },
        { "alignment", "power of two" },
        { "truncated head", "ends inside 'k': 4 bytes are needed but 2 are left; it was cut off or is damaged" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_file_is_refused_with_its_byte(string kind, string message)
    {
        const ulong All = ulong.MaxValue;
        byte[] bytes = kind switch
        {
            "empty" => [],
            "magic" => [.. "GGML"u8, .. new byte[20]],
            "version" => [.. "GGUF"u8, 2, 0, 0, 0, .. new byte[16]],
            "tensor count" => Head(All, 0),
            "key count" => Head(0, 1ul << 40),
            "key length" => [.. Head(0, 1), .. U64(1ul << 62), .. new byte[40]],
            "key twice" => [.. Head(0, 2), .. Text("k"), .. U32(4), .. U32(1), .. Text("k"), .. U32(4), .. U32(1)],
            "value type" => [.. Head(0, 1), .. Text("k"), .. U32(99), .. new byte[16]],
            "nested array" => [.. Head(0, 1), .. Text("k"), .. U32(9), .. U32(9), .. U64(1), .. new byte[16]],
            "array length" => [.. Head(0, 1), .. Text("k"), .. U32(9), .. U32(6), .. U64(1ul << 40), .. new byte[16]],
            "bool" => [.. Head(0, 1), .. Text("k"), .. U32(7), 2],
            "utf8" => [.. Head(0, 1), .. U64(2), 0xc3, 0x28, .. U32(4), .. U32(1)],
            "dimensions" => [.. Head(1, 0), .. Text("w"), .. U32(5), .. new byte[64]],
            "no dimensions" => [.. Head(1, 0), .. Text("w"), .. U32(0), .. new byte[64]],
            "zero size" => [.. Head(1, 0), .. Tensor("w", 0, 0, [0])],
            "huge shape" => [.. Head(1, 0), .. Tensor("w", 0, 0, [1 << 30, 1 << 30, 1 << 30])],
            "tensor type" => [.. Head(1, 0), .. Tensor("w", 16, 0, [32]), .. new byte[256]],
            "block" => [.. Head(1, 0), .. Tensor("w", 8, 0, [33]), .. new byte[256]],
            "offset" => [.. Head(1, 0), .. Tensor("w", 0, 8, [4]), .. new byte[256]],
            "outside" => [.. Head(1, 0), .. Tensor("w", 0, 64, [400]), .. new byte[256]],
            "no data" => [.. Head(1, 0), .. Tensor("w", 0, 0, [12])],
            "junk" => [.. Head(1, 0), .. Tensor("w", 0, 0, [12]), .. new byte[7 + 48 + 17]],
            "junk after a head" => [.. Head(0, 0), .. new byte[9]],
            "overlap" => [.. Head(2, 0), .. Tensor("w", 0, 0, [4]), .. Tensor("x", 0, 0, [4]), .. new byte[256]],
            "tensor twice" => [.. Head(2, 0), .. Tensor("w", 0, 0, [4]), .. Tensor("w", 0, 32, [4]), .. new byte[256]],
            "alignment" => [.. Head(0, 1), .. Text("general.alignment"), .. U32(4), .. U32(24)],
            _ => [.. Head(0, 1), .. Text("k"), .. U32(4), 1, 2],
        };
        var path = _folder.Of("broken.gguf");
        File.WriteAllBytes(path, bytes);

        var error = Assert.Throws<EspalierException>(() => GgufFile.Open(path).Dispose());

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("broken.gguf: byte ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_and_every_flipped_byte_is_read_or_refused()
    {
        var metadata = new GgufMetadata();
        metadata.Add("k", new[] { "p", "q" });
        metadata.Add("general.alignment", 32u);
        var path = _folder.Of("fuzz.gguf");
        GgufWriter.Write(path, metadata, [Source("w", GgufType.Q8_0, [2, 32], new float[64]), Source("v", GgufType.F32, [3], 1, 2, 3)]);
        var bytes = File.ReadAllBytes(path);
        var refused = 0;
        for (var i = 0; i < bytes.Length; i++)
            foreach (var broken in new[] { bytes[..i], [.. bytes[..i], (byte)~bytes[i], .. bytes[(i + 1)..]] })
            {
                File.WriteAllBytes(path, broken);
                try
                {
                    using var file = GgufFile.Open(path);
                    foreach (var tensor in file.Tensors)
                        file.ReadFloat32(tensor.Name);
                }
                catch (EspalierException)
                {
                    refused++;
                }
            }
        Assert.InRange(refused, bytes.Length, 2 * bytes.Length);
    }

    [OutsideFact("models/stories260K/stories260K.gguf")]
    public void A_file_of_another_writer_is_read()
    {
        using var file = GgufFile.Open(Fixtures.Outside("models", "stories260K", "stories260K.gguf"));

        Assert.Equal("llama", file.Metadata.Get<string>("general.architecture"));
        Assert.Equal(512, file.Metadata.Get<string[]>("tokenizer.ggml.tokens").Length);
        Assert.Equal(48, file.Tensors.Count);
        Assert.Equal([512L, 64L], file["token_embd.weight"].Shape);
        Assert.Equal(512 * 64, file.ReadFloat32("token_embd.weight").Length);
    }

    private static GgufTensorSource Source(string name, GgufType type, long[] shape, params float[] weights)
        => new(name, type, shape, (first, rows) => weights.AsSpan((int)(first * shape[^1]), rows.Length).CopyTo(rows));

    private static byte[] Head(ulong tensors, ulong keys) => [.. "GGUF"u8, .. U32(3), .. U64(tensors), .. U64(keys)];

    private static byte[] Tensor(string name, uint type, ulong offset, ulong[] reversedShape)
        => [.. Text(name), .. U32((uint)reversedShape.Length), .. reversedShape.SelectMany(U64), .. U32(type), .. U64(offset)];

    private static byte[] Text(string text) => [.. U64((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] U32(uint value) => BitConverter.GetBytes(value);

    private static byte[] U64(ulong value) => BitConverter.GetBytes(value);
}
