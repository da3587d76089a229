using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints;

public sealed class CheckpointWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    private string Target => Path.Combine(_folder, "student");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("families/llama-3.1")]
    [InlineData("families/llama-3.2-tied")]
    [InlineData("families/mistral")]
    [InlineData("families/mistral-nemo")]
    [InlineData("families/nemotron")]
    public void Writing_a_golden_unchanged_gives_the_same_three_files(string golden)
    {
        using var source = Checkpoint.Open(Fixtures.Golden(golden));
        CheckpointWriter.Write(Target, source.Config, source, ElementType.F32, source);
        foreach (var name in (string[])["config.json", "generation_config.json", "model.safetensors"])
            Assert.True(File.ReadAllBytes(Path.Combine(Target, name)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Fixtures.Golden(golden, name))), name);
    }

    [Fact]
    public void Bundled_teacher_is_rewritten_in_its_own_type_bit_for_bit_with_its_tokenizer()
    {
        var path = Path.Combine(Fixtures.Root, "models/quickstart-teacher");
        using var source = Checkpoint.Open(path);
        CheckpointWriter.Write(Target, source.Config, source, ElementType.BF16, source);
        foreach (var name in (string[])["model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"])
            Assert.True(File.ReadAllBytes(Path.Combine(Target, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(path, name))),
                name);
        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json",
                "tokenizer_config.json"],
            Directory.GetFiles(Target).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.Equal("""
            {
              "bos_token_id": 4080,
              "do_sample": true,
              "eos_token_id": [
                4081,
                4084
              ],
              "temperature": 0.8,
              "top_p": 0.95,
              "transformers_version": "4.57.6"
            }

            """.ReplaceLineEndings("\n"), File.ReadAllText(Path.Combine(Target, "generation_config.json")));
    }

    [Fact]
    public void Shards_hold_what_one_file_holds_and_none_passes_the_limit()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/nemotron"));
        CheckpointWriter.Write(Target, source.Config, source, ElementType.F32, source, new() { MaxShardBytes = 60_000 });
        Assert.False(File.Exists(Path.Combine(Target, "model.safetensors")));
        var shards = Directory.GetFiles(Target, "model-?????-of-?????.safetensors");
        Assert.Equal(shards.Length, int.Parse(Path.GetFileName(shards[0])[15..20]));
        foreach (var shard in shards)
            using (var file = SafetensorsFile.Open(shard))
                Assert.True(file.Entries.Values.Sum(static entry => entry.ByteLength) <= 60_000);

        using var written = Checkpoint.Open(Target);
        Assert.Equal(source.TotalBytes, written.TotalBytes);
        foreach (var name in source.Entries.Keys)
            Assert.Equal(source.ReadFloat32(name), written.ReadFloat32(name));
        var index = JsonFile.Read(Path.Combine(Target, "model.safetensors.index.json"));
        Assert.Equal(source.TotalBytes, (long)index["metadata"]!["total_size"]!);
        Assert.Equal(source.Config.Parameters, (long)index["metadata"]!["total_parameters"]!);
    }

    [Fact]
    public void Weights_that_fail_leave_no_folder_behind()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"));
        Assert.Throws<InvalidOperationException>(() =>
            CheckpointWriter.Write(Target, source.Config, source, ElementType.F32, new Broken()));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_model_larger_than_the_disk_is_refused_before_anything_is_written()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"), requireWeights: false);
        var huge = source.Config with { HiddenSize = 1 << 21, IntermediateSize = 1 << 21, Layers = 1 << 10 };
        var error = Assert.Throws<EspalierException>(() => CheckpointWriter.Write(Target, huge, source, ElementType.F32, new Broken()));
        Assert.Contains("is free on its disk", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_folder_that_is_taken_is_left_alone()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"));
        Directory.CreateDirectory(Target);
        CheckpointWriter.Write(Target, source.Config, source, ElementType.F16, source);
        var error = Assert.Throws<EspalierException>(() => CheckpointWriter.Write(Target, source.Config, source, ElementType.F32, source));
        Assert.Contains("exists and is not empty", error.Message, StringComparison.Ordinal);
        using var kept = Checkpoint.Open(Target);
        Assert.Equal(ElementType.F16, kept.StoredType);
        Assert.Equal("float16", (string?)kept.RawConfig["dtype"]);

        var link = Path.Combine(_folder, "link");
        Directory.CreateSymbolicLink(link, _folder);
        Assert.Contains("a link",
            Assert.Throws<EspalierException>(() => CheckpointWriter.Write(link, source.Config, source, ElementType.F32, source)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Files_beside_the_model_are_carried_but_no_weights_readme_data_or_hidden_files()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "source/sub"));
        foreach (var name in (string[])["chat_template.jinja", "tokenizer.model", "LICENSE", "README.md", "pytorch_model.bin", "x.gguf",
            ".gitattributes", "docs.jsonl"])
            File.WriteAllText(Path.Combine(_folder, "source", name), name);
        Assert.Equal(["LICENSE", "chat_template.jinja", "tokenizer.model"], CheckpointFolder.Carried(Path.Combine(_folder, "source")));
    }

    private sealed class Broken : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            if (name.Contains("layers.1", StringComparison.Ordinal))
                throw new InvalidOperationException("the source broke");
            destination.Clear();
        }
    }
}
