using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using static Espalier.Tests.Recipes.RecipePlanTests;

namespace Espalier.Tests.Recipes;

/// <summary>What a plan warns of, and what it refuses.</summary>
public sealed class PlanAdviceTests
{
    [Theory]
    [InlineData("{ hidden: 200, multiple: 8 }",
        "prune.hidden 200 is not a multiple of 64, the width of matrix units; the nearest is 192")]
    [InlineData("{ ffn: 20, multiple: 1 }", "prune.ffn 20 is not a multiple of 64, the width of matrix units; the nearest is 64")]
    [InlineData("{ layers: 5 }", "more than a third")]
    [InlineData("{ layers: 3 }", "more than half")]
    [InlineData("{ layers: 8 }", "nothing is cut")]
    [InlineData("{ layers: 5, ffn: 512 }", "prune.layers 8 to 5 cuts 37.5 % of that axis, more than a third")]
    [InlineData("{ layers: 3 }",
        "prune.layers 8 to 3 keeps fewer than half of the layers, but the deepest cut in the papers is half: keep at least 4")]
    [InlineData("{ hidden: 64 }", "prune.hidden 256 to 64 cuts 75 % of that axis, more than half")]
    [InlineData("{ heads: 4 }", "prune.heads 8 to 4 cuts 50 % of that axis, more than a third")]
    public void What_one_should_think_about_is_said(string prune, string expected) =>
        Assert.Contains(Plan(prune).Warnings, warning => warning.Contains(expected));

    [Fact]
    public void What_goes_with_layers_alone_is_said_once() =>
        Assert.StartsWith("prune: 37.5 % of the non-embedding parameters are cut at once, more than a third",
            Assert.Single(Plan("{ layers: 5 }").Warnings, warning => warning.Contains("more than a third")), StringComparison.Ordinal);

    [Fact]
    public void A_depth_of_half_is_not_too_deep() =>
        Assert.DoesNotContain(Plan("{ layers: 4 }").Warnings, warning => warning.Contains("keep at least"));

    [Fact]
    public void A_program_that_would_take_head_dim_from_the_width_is_named_where_the_width_is_cut()
    {
        Assert.Contains(Plan("{ hidden: 192 }").Warnings,
            warning =>
                warning.StartsWith(
                    "Ollama, if you use it, would misread the student: 32 of the 32 dimensions of a head are rotated, but Ollama would "
                        + "rotate 24",
                    StringComparison.Ordinal));
        Assert.DoesNotContain(Plan("{ ffn: 512 }").Warnings, warning => warning.Contains("misread"));
        var nemotron = PlanOf("nemotron-4-15b-width-8b.yaml").Warnings.Where(warning => warning.Contains("misread")).ToArray();
        Assert.StartsWith("llama.cpp, if you use it, would misread", Assert.Single(nemotron));
    }

    [Fact]
    public void What_a_gguf_file_says_less_exactly_is_said()
    {
        var folder = Directory.CreateTempSubdirectory("espalier-plan-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(Teacher))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            var tokenizer = Path.Combine(folder, "tokenizer.json");
            File.WriteAllText(tokenizer,
                File.ReadAllText(tokenizer)
                    .Replace("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", StringComparison.Ordinal));
            IReadOnlyList<string> Warnings(string export) =>
                RecipePlan.Of(
                    RecipeFile.Parse($"teacher: {folder}\ndata: {{ train: dotnet-docs }}\nprune: {{ ffn: 512 }}\nexport: {export}",
                        "r.yaml")).Warnings;
            Assert.Contains(Warnings("gguf-q8_0"), warning => warning.StartsWith("export: ", StringComparison.Ordinal)
                && warning.Contains("its normalizer (NFC)"));
            Assert.DoesNotContain(Warnings("hf"), warning => warning.Contains("normalizer"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_modest_cut_of_a_teacher_with_weights_warns_of_nothing() =>
        Assert.Empty(Plan("{ ffn: 512 }", "evaluate: [held-out, teacher-domain]").Warnings);

    [Theory]
    [InlineData("{ heads: 6 }", "prune.heads is 6; it must be a multiple of the 4 KV heads")]
    [InlineData("{ hidden: 200 }",
        "prune.hidden is 200; it must be a multiple of 64, the width of matrix units: the nearest valid size is 192")]
    [InlineData("{ ffn: 20 }",
        "prune.ffn is 20; it must be a multiple of 64, the width of matrix units: the nearest valid size is 64")]
    [InlineData("{ hidden: 192, multiple: 128 }",
        "must be a multiple of 128, the width of matrix units: the nearest valid size is 128")]
    [InlineData("{ kv-heads: 5 }", "prune.kv-heads is 5; it must be between 1 and the teacher's 4")]
    [InlineData("{ kv-heads: 2, heads: 8 }",
        "prune.heads is 8; it must be a multiple of the 2 KV heads, at most 4: the nearest valid size is 4")]
    [InlineData("{ hidden: 300 }", "prune.hidden is 300; it must be between 1 and the teacher's 256")]
    public void An_illegal_shape_is_refused(string prune, string expected) =>
        Assert.Contains(expected, Assert.Throws<RecipeRefusedException>(() => Plan(prune)).Message);
}
