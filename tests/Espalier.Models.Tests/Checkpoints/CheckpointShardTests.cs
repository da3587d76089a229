using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Tests.Checkpoints;

/// <summary>The files of a checkpoint: shards and their index, links, pipes.</summary>
public sealed class CheckpointShardTests : CheckpointFolderTest
{
    [Theory]
    [InlineData("""{"total_size":7}""", "metadata.total_size is 7, but the shards' tensors have")]
    [InlineData("""{"total_size":"many"}""", null)]
    [InlineData("3", null)]
    public void A_wrong_total_in_the_index_is_no_reason_to_refuse(string metadata, string? note)
    {
        WriteShards();
        var path = Path.Combine(Model, "model.safetensors.index.json");
        var index = JsonFile.Read(path);
        index["metadata"] = JsonNode.Parse(metadata);
        File.WriteAllText(path, index.ToJsonString());
        using var checkpoint = Checkpoint.Open(Model);
        Assert.Equal(note is null ? 0 : 1, checkpoint.Notes.Count(text => text.Contains(note ?? "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("../model-00001.safetensors", "is not a plain file name")]
    [InlineData("..", "is not a plain file name")]
    [InlineData("/etc/passwd", "is not a plain file name")]
    [InlineData("a\\b", "is not a plain file name")]
    [InlineData("c:x", "is not a plain file name")]
    [InlineData("a\0b", "is not a plain file name")]
    [InlineData("", "is not a plain file name")]
    [InlineData("absent.safetensors", "absent.safetensors: not found")]
    public void Shard_names_that_leave_theModel_or_lead_nowhere_are_refused(string name, string expected)
    {
        Copy("families/llama-3.1", weights: false);
        WriteIndex(new() { ["model.norm.weight"] = name });
        Fails(expected);
    }

    [Fact]
    public void Links_out_of_theModel_that_the_user_laid_are_followed_with_a_word_and_the_download_cache_needs_none()
    {
        var elsewhere = Directory.CreateDirectory(Path.Combine(Model, "elsewhere")).FullName;
        var model = Directory.CreateDirectory(Path.Combine(Model, "model")).FullName;
        foreach (var name in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Golden("families/llama-3.1", name), Path.Combine(elsewhere, name));
        foreach (var name in (string[])["tokenizer.json", "LICENSE"])
            File.WriteAllText(Path.Combine(elsewhere, name), "{}");
        foreach (var name in (string[])["config.json", "model.safetensors", "tokenizer.json", "LICENSE"])
            File.CreateSymbolicLink(Path.Combine(model, name), Path.Combine(elsewhere, name));
        using (var linked = Checkpoint.Open(model))
        {
            Assert.Equal(linked.Config.Parameters, linked.CountedParameters);
            var note = Assert.Single(linked.Notes);
            Assert.Contains($"config.json is a link to {Path.Combine(elsewhere, "config.json")}, model.safetensors is a link to", note);
            // What is no part of the model is not carried from elsewhere.
            Assert.Equal(["tokenizer.json"], linked.CarriedFiles);
        }

        // Stages are keyed by what lies there, not by its name.
        var before = ContentHash.OfFolder(model);
        File.WriteAllText(Path.Combine(elsewhere, "tokenizer.json"), "[]");
        Assert.NotEqual(before, ContentHash.OfFolder(model));

        var (snapshot, blobs) = (Path.Combine(Model, "hub/snapshots/abc"), Path.Combine(Model, "hub/blobs"));
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(blobs);
        File.Copy(Fixtures.Golden("families/llama-3.1/model.safetensors"), Path.Combine(blobs, "123"));
        File.Copy(Fixtures.Golden("families/llama-3.1/config.json"), Path.Combine(snapshot, "config.json"));
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.safetensors"), "../../blobs/123");
        using var checkpoint = Checkpoint.Open(snapshot);
        Assert.Equal(checkpoint.Config.Parameters, checkpoint.CountedParameters);
        Assert.Empty(checkpoint.Notes);
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_refused_by_where_it_leads()
    {
        WriteShards();
        var shard = Directory.GetFiles(Model, "model-00001*").Single();
        File.Delete(shard);
        File.CreateSymbolicLink(shard, "/nowhere/at/all");
        Fails("is a link to /nowhere/at/all, which does not exist");
    }

    [Fact]
    public void Pipe_in_place_of_the_weights_is_refused_and_not_waited_for()
    {
        if (OperatingSystem.IsWindows())
            return;
        Copy("families/llama-3.1", weights: false);
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(Model, "model.safetensors")]);
        mkfifo.WaitForExit();
        Fails("truncated: it has 0 bytes");
        File.Move(Path.Combine(Model, "model.safetensors"), Path.Combine(Model, "pipe"));
        File.CreateSymbolicLink(Path.Combine(Model, "model.safetensors"), Path.Combine(Model, "pipe"));
        Fails("truncated: it has 0 bytes");
    }

    [Fact]
    public void Weights_may_be_a_link_with_a_short_name()
    {
        Copy("families/llama-3.1", weights: true);
        File.Move(Path.Combine(Model, "model.safetensors"), Path.Combine(Model, "m"));
        File.CreateSymbolicLink(Path.Combine(Model, "model.safetensors"), "m");
        using var checkpoint = Checkpoint.Open(Model);
        Assert.NotEmpty(checkpoint.ReadFloat32("model.norm.weight"));
    }

    [Theory]
    [InlineData("missing-tensor", "weight_map assigns 'model.layers.9.x' to model-")]
    [InlineData("unlisted-tensor", "which weight_map does not assign to it")]
    [InlineData("map", "weight_map is missing or empty;")]
    [InlineData("type", "weight_map['model.norm.weight'] is not a string;")]
    [InlineData("shard", "not found, but model.safetensors.index.json names it")]
    public void Index_that_disagrees_with_its_shards_is_refused(string how, string expected)
    {
        WriteShards();
        var path = Path.Combine(Model, "model.safetensors.index.json");
        var index = JsonFile.Read(path);
        var map = index["weight_map"]!.AsObject();
        switch (how)
        {
            case "missing-tensor": map["model.layers.9.x"] = map["model.norm.weight"]!.DeepClone(); break;
            case "unlisted-tensor": map.Remove("model.norm.weight"); break;
            case "map": index.Remove("weight_map"); break;
            case "type": map["model.norm.weight"] = 3; break;
            default: File.Delete(Path.Combine(Model, (string)map["model.norm.weight"]!)); break;
        }

        File.WriteAllText(path, index.ToJsonString());
        Fails(expected);
    }

    private void WriteShards()
    {
        Directory.Delete(Model, recursive: true);
        using var source = Checkpoint.Open(Fixtures.Golden("families/llama-3.1"));
        CheckpointWriter.Write(Model, source.Config, source, ElementType.F32, source, new() { MaxShardBytes = 100_000 });
        using var written = Checkpoint.Open(Model);
        Assert.True(Directory.GetFiles(Model, "model-*.safetensors").Length > 2);
    }
}
