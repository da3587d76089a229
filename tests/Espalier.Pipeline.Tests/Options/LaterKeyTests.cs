using Espalier.Compression.Training.Optimizers;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Tests.Options;

/// <summary>A key that came after run folders had been made without it.</summary>
public sealed class LaterKeyTests
{
    private static Recipe Parse(string key) =>
        RecipeFile.Parse($"teacher: t\ndata: {{ train: a.txt }}\nprune: {{ hidden: 192 }}\ndistill: {{ steps: 9{key} }}\n", "r.yaml");

    [Fact]
    public void Epsilon_reaches_the_optimizer()
    {
        Assert.Equal(1e-5,
            Assert.IsType<AdamWOptions>(TrainingStage.OptionsOf(Parse(", adam-epsilon: 1e-5").Distill!, 16, 0).Optimizer).Epsilon);
        Assert.Equal(1e-8, Assert.IsType<AdamWOptions>(TrainingStage.OptionsOf(Parse("").Distill!, 16, 0).Optimizer).Epsilon);
    }

    [Fact]
    public void At_its_default_it_is_in_no_text_and_no_key_and_elsewhere_in_both()
    {
        Recipe without = Parse(""), same = Parse(", adam-epsilon: 1e-8"), other = Parse(", adam-epsilon: 1e-5");
        Assert.Equal(RecipeFile.Canonical(without), RecipeFile.Canonical(same));
        Assert.Equal(without.Distill!.StageOptions(16).ToJsonString(), same.Distill!.StageOptions(16).ToJsonString());
        Assert.DoesNotContain("epsilon", RecipeFile.Canonical(without) + without.Distill.StageOptions(16));
        Assert.Contains("\"adam-epsilon\":1E-05", RecipeFile.Canonical(other));
        Assert.Equal(1e-5, (double)other.Distill!.StageOptions(16)["adam_epsilon"]!);
        Assert.Equal(other.Distill, RecipeFile.Parse(RecipeFile.Canonical(other), "c").Distill);
    }

    [Fact]
    public void Muon_is_a_later_key_that_reaches_the_optimizer()
    {
        Recipe without = Parse(""), same = Parse(", optimizer: adamw"), muon = Parse(", optimizer: muon, weight-decay: 0.2");
        Assert.Equal(RecipeFile.Canonical(without), RecipeFile.Canonical(same));
        Assert.Equal(without.Distill!.StageOptions(16).ToJsonString(), same.Distill!.StageOptions(16).ToJsonString());
        Assert.Contains("\"optimizer\":\"muon\"", RecipeFile.Canonical(muon));
        Assert.Equal("muon", (string?)muon.Distill!.StageOptions(16)["optimizer"]);
        Assert.Equal(0.2, Assert.IsType<MuonOptions>(TrainingStage.OptionsOf(muon.Distill, 16, 0).Optimizer).Others.WeightDecay);
    }
}
