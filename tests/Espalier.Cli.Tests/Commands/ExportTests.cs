using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

public sealed class ExportTests : TorchTest
{
    [Theory]
    [InlineData("", "f32")]
    [InlineData("--type f16", "f16")]
    [InlineData("--type BF16", "bf16")]
    [InlineData("--type q8_0", "q8_0")]
    public void Gguf_is_written_in_the_type_that_was_asked_for(string arguments, string type)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "model.gguf");
        var result = Verb.Json($"export {Verb.Tiny} --output {file} {arguments}");
        Verb.HasFields(result, "output format type bytes source_bytes seconds");
        Assert.Equal(type, result.GetProperty("type").GetString());
        Assert.Equal(new FileInfo(file).Length, result.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void A_folder_of_another_type_opens_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, "copy");
        var result = Verb.Json($"export {Verb.Teacher} --output {output} --dtype f32");
        Assert.Equal("hf", result.GetProperty("format").GetString());
        Assert.Equal("float32", result.GetProperty("type").GetString());
        Assert.True(File.Exists(Path.Combine(output, "tokenizer.json")));
        using var copy = Checkpoint.Open(output);
        using var source = Checkpoint.Open(Verb.Teacher);
        Assert.Equal(2 * source.TotalBytes, copy.TotalBytes);
        Assert.Equal(source.ReadFloat32("model.norm.weight"), copy.ReadFloat32("model.norm.weight"));
    }

    [Theory]
    [InlineData("--output OUT/x.gguf --type q4", "q8_0")]
    [InlineData("--output OUT/x.gguf --dtype bf16", "--dtype")]
    [InlineData("--output OUT/x.gguf --type hf", ".gguf")]
    [InlineData("--output OUT/none/x.gguf", "none")]
    [InlineData("--output OUT/model", "the model's folder")]
    [InlineData("--output OUT/model/new", "inside")]
    [InlineData("--output OUT/model/model.safetensors --type f32", "inside")]
    [InlineData("--output OUT --type hf", "holds")]
    [InlineData("--output OUT/empty/.. --type hf", "holds")]
    [InlineData("", "--output")]
    public void Wrong_input_is_one_line_and_leaves_nothing_behind(string arguments, string named)
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        var before = Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories);
        Assert.Contains(named, Verb.Refused($"export {model} {arguments.Replace("OUT", folder.Path, StringComparison.Ordinal)}"));
        Assert.Equal(before, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
    }
}
