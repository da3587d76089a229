using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Checkpoints;

/// <summary>What people give in place of a model's folder, and the way out that they are told.</summary>
public sealed class ModelPlaceTests : IDisposable
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:abababababababababababababababababababababababababababababababab\nsize "
            + "988097824\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("model.safetensors.index.json")]
    public void A_git_lfs_pointer_is_named_for_what_it_is(string name)
    {
        var model = Model(weights: name is not ("model.safetensors" or "model.safetensors.index.json"));
        File.WriteAllText(Path.Combine(model, name), Pointer);
        Fails(model, $"{name}: is a git-lfs pointer to a file of 988097824 bytes, not the file itself; run \"git lfs pull\"");
    }

    [Fact]
    public void An_empty_name_is_said_to_be_one() =>
    Fails("", "the folder's name is empty; give a folder with config.json and safetensors");

    [Fact]
    public void So_is_a_tokenizer_that_was_not_fetched()
    {
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), Pointer);
        Assert.Contains("tokenizer.json: is a git-lfs pointer", Assert.Throws<EspalierException>(() => Tokenizer.Load(_folder)).Message);
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", "is a web page")]
    [InlineData("GGUF\u0003\0\0\0\0\0\0\0\0\0\0\0", "is a GGUF file; convert it with espalier import")]
    [InlineData("PK\u0003\u0004\0\0\b\b\0\0archive/data.pkl", "holds pickled weights")]
    [InlineData("PK\u0003\u0004\0\0\0\0\0\0", "is a ZIP archive; unpack it")]
    public void Weights_that_are_something_else_are_named(string content, string expected)
    {
        var model = Model(weights: false);
        File.WriteAllText(Path.Combine(model, "model.safetensors"), content);
        Fails(model, expected);
    }

    [Fact]
    public void A_lora_folder_is_named_with_its_model_with_a_config_or_without()
    {
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), """{"base_model_name_or_path":"org/base","peft_type":"LORA"}""");
        File.WriteAllText(Path.Combine(_folder, "adapter_model.safetensors"), "");
        Fails(_folder, "contains an adapter such as LoRA (adapter_config.json, made for org/base)", "merge it into its model first");
        File.Copy(Fixtures.Golden("families/llama-3.1/config.json"), Path.Combine(_folder, "config.json"));
        Fails(_folder, "merge it into its model first");
    }

    [Theory]
    [InlineData("meta-llama/Llama-3.1-8B")]
    [InlineData("https://huggingface.co/meta-llama/Llama-3.1-8B")]
    public void A_name_on_the_hub_is_answered_with_how_it_is_downloaded(string id) =>
        Fails(id, $"{id}: not found", "Espalier downloads nothing: hf download meta-llama/Llama-3.1-8B --local-dir Llama-3.1-8B");

    [Fact]
    public void A_misspelt_folder_is_answered_with_the_nearest_one()
    {
        var model = Model(weights: true);
        Fails($"{model}s", $"not found; did you mean {model}?");
        Directory.Move(model, Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName, "small"));
        Fails(Path.Combine(_folder, "modles", "small"), $"did you mean {Path.Combine(_folder, "models", "small")}?");
        Fails(Path.Combine(_folder, "models"), $"config.json: not found; did you mean {Path.Combine(_folder, "models", "small")}?");
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_answered_with_the_folder()
    {
        var model = Model(weights: true);
        Fails(Path.Combine(model, "model.safetensors"), $"is one file of a model; give its folder, {model}");
        var gguf = Path.Combine(_folder, "model.gguf");
        File.WriteAllText(gguf, "GGUF\u0003\0\0\0");
        Fails(gguf, "model.gguf: is a GGUF file; convert it with espalier import");
        Fails(_folder, "config.json: not found; the folder has model.gguf: convert it with espalier import");
        File.WriteAllText(Path.Combine(_folder, "run.json"), "{}");
        var student = Directory.CreateDirectory(Path.Combine(_folder, "student")).FullName;
        File.WriteAllText(Path.Combine(student, "config.json"), "{}");
        Fails(_folder, $"{_folder}: is a run folder; its student is {student}");
    }

    [Fact]
    public void A_folder_of_the_download_cache_is_answered_with_its_snapshot()
    {
        var snapshot = Path.Combine(_folder, "models--a--b", "snapshots", "123");
        Directory.CreateDirectory(Path.GetDirectoryName(snapshot)!);
        Directory.Move(Model(weights: true), snapshot);
        Fails(Path.Combine(_folder, "models--a--b"), $"give {snapshot}");
    }

    [Theory]
    [InlineData("tokenizer.model", "tokenizer.model: not a SentencePiece model, or a damaged one")]
    [InlineData("tekken.json", "tekken.json: config.pattern: a string is needed here, not nothing")]
    [InlineData("vocab.json merges.txt", "merges.txt: line 1: a merge is two tokens with one space between them")]
    [InlineData("vocab.json",
        "a tokenizer is read from tokenizer.json, tekken.json, tokenizer.model, spiece.model, or vocab.json with merges.txt")]
    public void A_missing_tokenizer_json_is_answered_with_what_is_there(string names, string expected)
    {
        foreach (var name in names.Split(' '))
            File.WriteAllText(Path.Combine(_folder, name), "{}");
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Tokenizer.Load(_folder)).Message);
    }

    private string Model(bool weights)
    {
        var model = Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;
        File.Copy(Fixtures.Golden("families/llama-3.1/config.json"), Path.Combine(model, "config.json"));
        if (weights)
            File.Copy(Fixtures.Golden("families/llama-3.1/model.safetensors"), Path.Combine(model, "model.safetensors"));
        // Written anew where the fixtures are read-only.
        foreach (var file in Directory.GetFiles(model))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return model;
    }

    private static void Fails(string folder, params string[] expected)
    {
        var error = Assert.Throws<EspalierException>(() => Checkpoint.Open(folder));
        foreach (var text in expected)
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }
}
