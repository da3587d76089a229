using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

/// <summary>Every command that reads a model says what is wrong with it, in one line, and writes nothing.</summary>
public sealed class BrokenModelTests : TorchTest
{
    public static TheoryData<string> Commands =>
    [
        "evaluate MODEL --ids 1,2,3,4",
        "generate MODEL --ids 1 --max-tokens 1",
        "score MODEL --ids 1,2,3,4 --samples 1 --seq 3 --output OUT/scores.json",
        "prune MODEL --random --hidden 32 --output OUT/pruned",
        "export MODEL --output OUT/model.gguf",
        "export MODEL --output OUT/folder",
        "inspect MODEL --check",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void What_is_broken_is_named(string command)
    {
        Check(command, model => File.Delete(Path.Combine(model, "model.safetensors")), "model.safetensors");
        Check(command, model => Truncate(Path.Combine(model, "model.safetensors")), "model.safetensors");
        Check(command, model => File.Delete(Path.Combine(model, "config.json")), "config.json");
        Check(command, model => File.WriteAllText(Path.Combine(model, "config.json"), "{"), "config.json");
        Check(command, model => SetField(model, "model_type", "mamba"), "mistral");
        Check(command, model => SetField(model, "hidden_size", 64), "hidden_size");
        Check(command, model => SetWeight(model, "model.layers.3.mlp.up_proj.weight", float.NaN),
            "model.layers.3.mlp.up_proj.weight|ffn_up");
        Check(command, model => Directory.Delete(model, recursive: true), "not found");
    }

    [Fact]
    public void A_broken_weight_of_a_model_that_is_read_layer_by_layer_is_named()
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        SetWeight(model, "model.layers.3.mlp.up_proj.weight", float.NaN);
        var (code, output, error) =
            TestCommand.Launch($"score {model} --ids 1,2,3,4 --samples 1 --seq 3 --stream --output {folder.Path}/scores.json");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("espalier: error: ", error.TrimEnd('\n').Split('\n')[^1]);
        Assert.Contains("'model.layers.3.mlp.up_proj.weight' element 0", error);
        Assert.Equal([model], Directory.GetFileSystemEntries(folder.Path));
    }

    private static void Check(string command, Action<string> harm, string named)
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        var output = Directory.CreateDirectory(Path.Combine(folder.Path, "out")).FullName;
        harm(model);
        var (code, printed, errors) = TestCommand.Launch(
            command.Replace("MODEL", model, StringComparison.Ordinal).Replace("OUT", output, StringComparison.Ordinal));
        Assert.Equal((2, ""), (code, printed));
        // Export warns of the missing tokenizer before it reads weights.
        var error = Assert.Single(errors.TrimEnd('\n').Split('\n'), line => !line.StartsWith("espalier: warning: ", StringComparison.Ordinal));
        Assert.StartsWith("espalier: error: ", error);
        Assert.Contains(named.Split('|'), name => error.Contains(name, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(output));
    }

    private static void Truncate(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(file.Length - 100);
    }

    private static void SetField(string model, string field, JsonNode value)
    {
        var path = Path.Combine(model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[field] = value;
        File.WriteAllText(path, config.ToJsonString());
    }

    private static void SetWeight(string model, string name, float value)
    {
        var path = Path.Combine(model, "model.safetensors");
        long offset;
        using (var opened = SafetensorsFile.Open(path))
            offset = opened.Entries[name].Offset;
        using var file = new FileStream(path, FileMode.Open);
        file.Position = offset;
        file.Write(MemoryMarshal.AsBytes<float>([value]));
    }
}
