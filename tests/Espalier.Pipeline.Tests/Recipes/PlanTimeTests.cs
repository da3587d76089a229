using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using static Espalier.Tests.Recipes.RecipePlanTests;

namespace Espalier.Tests.Recipes;

/// <summary>The times that a plan says.</summary>
public sealed class PlanTimeTests
{
    [Fact]
    public void Time_is_operations_over_the_assumed_share_of_the_speed()
    {
        var plan = Plan("{ hidden: 192 }", "distill: { steps: 2 }", gflops: 100);
        Assert.Equal(["this machine", "one A100", "one H100", "one H200", "one L40S", "one RTX 4090"],
            plan.Times.Select(time => time.Device));
        Assert.Equal(plan.Flops / 50e9, plan.Times[0].Seconds, 1e-9);
        Assert.Equal(plan.Flops / (0.4 * 312e12), plan.Times[1].Seconds, 1e-12);
        Assert.Equal(5, Plan("{ hidden: 192 }").Times.Count);
    }

    [Fact]
    public void Time_is_a_range_as_wide_as_the_measurements_lie_apart()
    {
        var recipe =
            RecipeFile.Parse($"teacher: {Teacher}\ndata: {{ train: dotnet-docs }}\nprune: {{ hidden: 192 }}\ndistill: {{ steps: 2 }}",
                "r.yaml");
        TimeForecast Here(double[] forward, double[] training) =>
            RecipePlan.Of(recipe, _ => DeviceSpeed.FromWork(forward, training)).Times[0];
        var wide = Here([40, 40, 40], [10, 20, 40]);
        Assert.Equal((wide.Seconds / 2, wide.Seconds * 2), (wide.SecondsFrom, wide.SecondsTo));
        // A few equal seconds do not promise equal hours.
        var narrow = Here([40], [20]);
        Assert.Equal((wide.Seconds, narrow.Seconds / 1.1, narrow.Seconds / 0.9), (narrow.Seconds, narrow.SecondsFrom, narrow.SecondsTo));
        Assert.All(RecipePlan.Of(recipe, gflopsHere: 100).Times,
            time => Assert.True(time.SecondsFrom < time.Seconds && time.Seconds < time.SecondsTo, time.Device));
    }

    [Fact]
    public void Hours_of_stages_are_those_of_their_own_work_and_sum_up()
    {
        var recipe =
            RecipeFile.Parse($"teacher: {Teacher}\ndata: {{ train: dotnet-docs }}\nprune: {{ hidden: 192 }}\ndistill: {{ steps: 2 }}",
                "r.yaml");
        var plan = RecipePlan.Of(recipe, _ => DeviceSpeed.FromWork(forward: 40, training: 20));
        var here = plan.Times[0];
        double Hours(string name) => here.Stages.Single(stage => stage.Stage == name).Hours;
        double Flops(string name) => plan.Stages.Single(stage => stage.Name == name).Flops!.Value;
        Assert.Equal(Flops("score") / 40e9 / 3600, Hours("score"), 1e-12);
        Assert.Equal(Flops("distill") / 20e9 / 3600, Hours("distill"), 1e-12);
        Assert.Equal((20, 1, here.Stages.Sum(stage => stage.Hours) * 3600), (here.Gflops, here.Utilisation, here.Seconds));
        Assert.All(plan.Times, time => Assert.Equal(here.Stages.Select(stage => stage.Stage), time.Stages.Select(stage => stage.Stage)));
    }
}
