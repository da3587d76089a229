using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

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

    [Theory]
    [InlineData("model-q8_0.gguf", "", "q8_0")]
    [InlineData("model.Q8_0.gguf", "", "q8_0")]
    [InlineData("model-q8_0.gguf", " --type f16", "f16")]
    [InlineData("model-f32x.gguf", "", "bf16")]
    public void A_gguf_is_of_the_type_that_its_name_says(string name, string arguments, string type)
    {
        using var folder = new TemporaryFolder();
        var result = Verb.Json($"export {Verb.Teacher} --output {Path.Combine(folder.Path, name)}{arguments}");
        Assert.Equal(type, result.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("model-q9.gguf", "--type")]
    [InlineData("model.Q4_K_S.gguf", "Did you mean q4_k_m?")]
    [InlineData("model-fp16.gguf", "Did you mean f16?")]
    public void A_name_with_a_type_that_is_not_written_is_refused(string name, string hint)
    {
        using var folder = new TemporaryFolder();
        var error = Verb.Refused($"export {Verb.Teacher} --output {Path.Combine(folder.Path, name)}");
        Assert.Contains("ends with a type that cannot be written", error, StringComparison.Ordinal);
        Assert.Contains(hint, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
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

    [Fact]
    public void A_folder_has_a_card_with_the_licence_of_the_model_and_its_files()
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Teacher, Path.Combine(folder.Path, "model"));
        File.WriteAllText(Path.Combine(model, "LICENSE"), "Apache License\nVersion 2.0, January 2004\n");
        File.WriteAllText(Path.Combine(model, "NOTICE"), "Somebody made this.\n");
        var output = Path.Combine(folder.Path, "copy");
        Verb.Json($"export {model} --output {output} --dtype f32");
        foreach (var file in new[] { "LICENSE", "NOTICE" })
            Assert.Equal(File.ReadAllText(Path.Combine(model, file)), File.ReadAllText(Path.Combine(output, file)));
        var card = SealedText.Read(Path.Combine(output, "README.md"))!;
        Assert.StartsWith("---\nlicense: apache-2.0\n# base_model", card, StringComparison.Ordinal);
        Assert.Contains("model is under `apache-2.0`, as its LICENSE says", card, StringComparison.Ordinal);
        Assert.Contains($"`{ContentHash.OfFolderExcept(model, "README.md")}`) were converted to float32", card, StringComparison.Ordinal);

        // What a card says goes on to the next folder, with what was done last below it.
        var again = Path.Combine(folder.Path, "again");
        Verb.Json($"export {output} --output {again} --dtype bf16");
        var second = SealedText.Read(Path.Combine(again, "README.md"))!;
        Assert.StartsWith(card, second, StringComparison.Ordinal);
        Assert.Contains("(float32, sha256", second[card.Length..], StringComparison.Ordinal);
        Assert.Contains("converted to bfloat16", second[card.Length..], StringComparison.Ordinal);
    }

    [Fact]
    public void Formats_are_compared_by_size_error_and_loss()
    {
        using var folder = new TemporaryFolder();
        var result = Verb.Json($"export {Verb.Teacher} --ids {Verb.TeacherIds} --output {folder.Path}/t --formats q8_0,Q4_0 --sequence 64 "
            + "--windows 8");
        Verb.HasFields(result, "model data imatrix windows nll source_bytes files seconds");
        var files = result.GetProperty("files").EnumerateArray().ToArray();
        Assert.Equal(["t-q8_0.gguf", "t-q4_0.gguf"], files.Select(file => Path.GetFileName(file.GetProperty("output").GetString())));
        double Of(int file, string field) => files[file].GetProperty(field).GetDouble();
        Assert.InRange(Of(0, "bits_per_weight"), 8.5, 8.6);
        Assert.InRange(Of(1, "bits_per_weight"), 4.5, 5.0);
        Assert.InRange(Of(0, "error"), 0.003, 0.01);
        Assert.InRange(Of(1, "error"), 0.05, 0.1);
        var own = result.GetProperty("nll").GetDouble();
        Assert.InRange(Math.Abs(Of(0, "nll") - own), 0, 0.005 * own);
        // So few tokens may gain by chance: it is another model, and near.
        Assert.InRange(Math.Abs(Of(1, "nll") - own), 1e-4, 0.1);
        // Window by window the texts' own spread cancels out, and what is left is smaller the nearer the weights are.
        Assert.InRange(Of(0, "above_se"), 1e-7, Of(1, "above_se"));
        Assert.InRange(Of(1, "above_se"), 1e-4, 0.05);
        Assert.Equal(74, files[1].GetProperty("tensors").GetArrayLength());
    }

    [Fact]
    public void What_errors_cost_is_read_from_the_first_windows()
    {
        using var folder = new TemporaryFolder();
        double Loss(string more) => Verb.Json(
            $"export {Verb.Teacher} --ids {Verb.TeacherIds} --output {folder.Path}/t --formats q4_0 --sequence 128 --windows 16 {more}")
            .GetProperty("files")[0].GetProperty("error").GetDouble();
        // Weighed errors are smaller where it matters, and larger on the whole.
        Assert.InRange(Loss("--imatrix --samples 8") / Loss(""), 1.0001, 1.2);
    }

    [Theory]
    [InlineData("--output OUT/x.gguf --type q4", "q8_0")]
    [InlineData("--output OUT/x.gguf --dtype bf16", "--dtype")]
    [InlineData("--output OUT/x --formats q8_0,q3_k", "'q3_k' is not a GGUF type")]
    [InlineData("--output OUT/x --formats q8_0 --type f16", "--formats and --type")]
    [InlineData("--output OUT/x.gguf --imatrix", "--imatrix reads text")]
    [InlineData("--output OUT/x.gguf --samples 8", "--samples is for --imatrix")]
    [InlineData("--output OUT/x.gguf --windows 8", "--windows needs a text")]
    [InlineData("--output OUT/x --type hf --ids 1,2,3", "are for GGUF files")]
    [InlineData("--output OUT/x.gguf --type hf", ".gguf")]
    [InlineData("--output OUT/none/x.gguf", "none")]
    [InlineData("--output OUT/model", "the model's folder")]
    [InlineData("--output OUT/model/new", "inside")]
    [InlineData("--output OUT/model/model.safetensors --type f32", "inside")]
    [InlineData("--output OUT --type hf", "contains")]
    [InlineData("--output OUT/empty/.. --type hf", "contains")]
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
