using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints;

/// <summary>A folder of Gemma-3 with its part for pictures, whose text part is the golden model.</summary>
public sealed class TextPartTests : CheckpointFolderTest
{
    private static readonly string[] s_pictures =
        ["vision_tower.vision_model.embeddings.position_embedding.weight", "multi_modal_projector.mm_soft_emb_norm.weight"];

    [Theory]
    // Files of every release, and the names that transformers 5 has in memory.
    [InlineData("language_model.model.", "language_model.lm_head.")]
    [InlineData("model.language_model.", "lm_head.")]
    public void The_text_part_is_read_as_the_text_model_that_it_is(string body, string head)
    {
        using var text = Checkpoint.Open(Fixtures.Golden("families/gemma3"));
        WriteWhole(text, name => name.StartsWith("model.", StringComparison.Ordinal) ? body + name["model.".Length..] : head + name[8..]);
        using var whole = Checkpoint.Open(Model);
        Assert.Equal(text.Config, whole.Config with { EosTokenIds = text.Config.EosTokenIds });
        Assert.Equal(text.Entries.Keys.Order(), whole.Entries.Keys.Order());
        Assert.Equal(text.WeightsHash(), whole.WeightsHash());
        Assert.Equal("gemma3_text", whole.Family.ModelType);
        Assert.Contains(whole.Notes,
            note => note.Contains("only the text part of a gemma3 model is read; 2 tensors", StringComparison.Ordinal));
        using var shape = Checkpoint.Open(Model, requireWeights: false);
        Assert.Contains(shape.Notes, note => note.EndsWith("text models, which take no pictures", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_written_from_it_is_a_text_model()
    {
        using var text = Checkpoint.Open(Fixtures.Golden("families/gemma3"));
        WriteWhole(text, name => $"language_model.{name}");
        File.WriteAllText(Path.Combine(Model, "preprocessor_config.json"), "{}");
        File.WriteAllText(Path.Combine(Model, "tokenizer_config.json"), "{}");
        using var whole = Checkpoint.Open(Model);
        var student = Path.Combine(Model, "student");
        CheckpointWriter.Write(student, whole.Config, whole, ElementType.F32, whole);
        Assert.Equal(File.ReadAllText(Fixtures.Golden("families/gemma3/config.json")),
            File.ReadAllText(Path.Combine(student, "config.json")));
        Assert.True(File.Exists(Path.Combine(student, "tokenizer_config.json")));
        Assert.False(File.Exists(Path.Combine(student, "preprocessor_config.json")));
        using var again = Checkpoint.Open(student);
        Assert.Equal(text.WeightsHash(), again.WeightsHash());
    }

    [Fact]
    public void A_whole_without_a_text_part_is_refused()
    {
        File.WriteAllText(Path.Combine(Model, "config.json"), """{"model_type":"gemma3","vision_config":{}}""");
        Fails("config.json: text_config is null; a gemma3 model must have the config of its text part there");
    }

    private void WriteWhole(Checkpoint text, Func<string, string> rename)
    {
        var inner = (JsonObject)text.RawConfig.DeepClone();
        // What stands in the config of the whole alone in the published files.
        foreach (var name in (string[])["architectures", "dtype", "transformers_version", "tie_word_embeddings"])
            inner.Remove(name);
        var whole = new JsonObject
        {
            ["architectures"] = new JsonArray("Gemma3ForConditionalGeneration"),
            ["model_type"] = "gemma3",
            ["dtype"] = "float32",
            ["tie_word_embeddings"] = true,
            ["transformers_version"] = text.RawConfig["transformers_version"]!.DeepClone(),
            ["vision_config"] = new JsonObject { ["hidden_size"] = 16, ["model_type"] = "siglip_vision_model" },
            ["text_config"] = inner,
        };
        File.WriteAllText(Path.Combine(Model, "config.json"), whole.ToJsonString());
        var own = text.Entries.Values.ToDictionary(entry => rename(entry.Name), entry => entry.Name);
        var specs = own.Select(pair => new TensorSpec(pair.Key, ElementType.F32, text.Entry(pair.Value).Shape))
            .Concat(s_pictures.Select(name => new TensorSpec(name, ElementType.F32, [4])));
        SafetensorsWriter.Write(Path.Combine(Model, "model.safetensors"), SafetensorsLayout.Plan(specs), (tensor, first, bytes) =>
        {
            if (own.TryGetValue(tensor.Name, out var name))
                text.FileOf(name).Read(text.Entry(name), first, bytes);
            else
                bytes.Clear();
        });
    }
}
