using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

/// <summary>Models that do not lie in a Hugging Face folder of plain weights, made into one.</summary>
public sealed class ImportTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_GGUF_file_becomes_a_folder_that_answers_as_its_model_does()
    {
        _ = Verb.Json($"export {Verb.Teacher} --type bf16 --output {At("teacher.gguf")}");
        var json = Verb.Json($"import {At("teacher.gguf")} --output {At("imported")}");
        Verb.HasFields(json, "output form family dtype exact_dtype types parameters bytes tokens");
        Assert.Equal("bfloat16", json.GetProperty("exact_dtype").GetString());

        using (var before = Checkpoint.Open(Verb.Teacher))
        using (var after = Checkpoint.Open(At("imported")))
            Assert.Equal(before.WeightsHash(), after.WeightsHash());
        Assert.Equal(Written(Verb.Teacher), Written(At("imported")));

        string? Written(string model) =>
            Verb.Json($"generate {model} --prompt hello --max-tokens 12 --temperature 0").GetProperty("text").GetString();
    }

    [Fact]
    public void Another_type_is_what_was_asked_for()
    {
        _ = Verb.Json($"export {Verb.Teacher} --type q8_0 --output {At("teacher.gguf")}");
        var json = Verb.Json($"import {At("teacher.gguf")} --dtype f16 --output {At("imported")}");
        Assert.Equal(("float16", "float32"), (json.GetProperty("dtype").GetString(), json.GetProperty("exact_dtype").GetString()));
        using var after = Checkpoint.Open(At("imported"));
        Assert.Equal(ElementType.F16, after.StoredType);
    }

    [Fact]
    public void Wrong_places_are_refused_and_other_commands_name_the_way_out()
    {
        _ = Verb.Json($"export {Verb.Teacher} --type f16 --output {At("teacher.gguf")}");
        Assert.Contains("teacher.gguf: is a GGUF file; convert it with espalier import FILE --output FOLDER",
            Verb.Refused($"score {At("teacher.gguf")} {Path.Combine(Verb.Teacher, "self-written.jsonl")} --output {At("scores")}"),
            StringComparison.Ordinal);
        Assert.Contains("not found", Verb.Refused($"import {At("none.gguf")} --output {At("imported")}"), StringComparison.Ordinal);
        File.WriteAllText(At("cut.gguf"), "GGUF");
        Assert.Contains("the file ends inside the version", Verb.Refused($"import {At("cut.gguf")} --output {At("imported")}"),
            StringComparison.Ordinal);
        Directory.CreateDirectory(At("imported/full"));
        Assert.Contains("imported", Verb.Refused($"import {At("teacher.gguf")} --output {At("imported")}"), StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder.Path, name);
}
