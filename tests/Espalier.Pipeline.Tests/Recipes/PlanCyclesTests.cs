using Espalier.Pipeline.Forecasts;
using static Espalier.Tests.Recipes.RecipePlanTests;

namespace Espalier.Tests.Recipes;

/// <summary>A recipe of several cycles or rounds, planned.</summary>
public sealed class PlanCyclesTests
{
    [Fact]
    public void Each_cycle_scores_prunes_and_distils_the_shape_that_the_one_before_left()
    {
        var plan = Plan("{ ffn: 256, layers: 4 }", "cycles: { shapes: [{ ffn: 512, layers: 6 }] }\ndistill: { steps: 2 }");
        Assert.Equal(["data", "score", "prune", "distill", "score", "prune", "distill", "evaluate", "export"],
            plan.Stages.Select(stage => stage.Name));
        Assert.Equal([null, 1, 1, 1, 2, 2, 2, null, null], plan.Stages.Select(stage => stage.Cycle));
        Assert.All(plan.Stages, stage => Assert.Null(stage.Round));
        Assert.Equal("score, cycle 2", plan.Stages[4].Title());
        var between = Plan("{ ffn: 512, layers: 6 }").Student;
        Assert.Equal([null, plan.Teacher, between, between, between, plan.Student, plan.Student, plan.Teacher, plan.Student],
            plan.Stages.Select(stage => stage.Model));
        Assert.Equal((256 * 256 * between.ForwardFlopsPerToken, 4 * between.Parameters),
            (plan.Stages[4].Flops, plan.Stages[4].MemoryBytes));
        Assert.Contains("ffn 512 to 256, layers 6 to 4", plan.Stages[5].Does);
        // Every student learns from the run's teacher.
        var (forward, teacher) = (plan.Student.ForwardFlopsPerToken, plan.Teacher.ForwardFlopsPerToken);
        Assert.Equal((3 * forward + teacher) * 4096, plan.Stages[6].Flops);
        Assert.Equal(16 * plan.Student.Parameters + 4 * plan.Teacher.Parameters, plan.Stages[6].MemoryBytes);
        Assert.Equal(2 * 256 * 256 + 2 * 4096, plan.Tokens);
        Assert.Equal(plan.Stages.Sum(stage => stage.Flops ?? 0), plan.Flops);
        Assert.Equal(["score, cycle 1", "distill, cycle 1", "score, cycle 2", "distill, cycle 2"],
            plan.Times[0].Stages.Select(stage => stage.Stage));
        Assert.Equal(plan.Times[0].Seconds, plan.Times[0].Stages.Sum(stage => stage.Hours) * 3600, 1e-9);
        Assert.Equal(plan.DiskBytes, plan.Stages.Sum(stage => stage.DiskBytes ?? 0));
        Assert.Equal(3 * 12 * between.Parameters, plan.Disk.Single(file => file.What == "checkpoints of distill, cycle 1").Bytes);
    }

    [Fact]
    public void A_cycle_that_learns_from_the_one_before_has_a_smaller_teacher()
    {
        StageForecast Last(string teacher) =>
            Plan("{ layers: 4 }",
                $"cycles: {{ count: 2, teacher: {teacher} }}\ndistill: {{ steps: 2 }}").Stages.Last(stage => stage.Name == "distill");
        var (teacher, between) = (Plan("{ layers: 8 }").Teacher, Plan("{ layers: 6 }").Student);
        Assert.Equal((teacher.ForwardFlopsPerToken - between.ForwardFlopsPerToken) * 4096,
            Last("original").Flops!.Value - Last("previous").Flops!.Value, 1);
        Assert.Equal(4 * (teacher.Parameters - between.Parameters), Last("original").MemoryBytes - Last("previous").MemoryBytes);
        Assert.Contains("from the student of cycle 1", Last("previous").Does);
    }

    [Fact]
    public void Each_round_scores_and_prunes_and_one_distillation_follows()
    {
        var plan = Plan("{ ffn: 384 }", "score: { samples: 8, rounds: 3 }\ndistill: { steps: 2 }");
        Assert.Equal(["data", "score", "prune", "score", "prune", "score", "prune", "distill", "evaluate", "export"],
            plan.Stages.Select(stage => stage.Name));
        Assert.Equal([null, 1, 1, 2, 2, 3, 3, null, null, null], plan.Stages.Select(stage => stage.Round));
        Assert.Equal(new int?[] { 768, 640, 640, 512, 512, 384 }, plan.Stages.Skip(1).Take(6).Select(stage => stage.Model!.Sizes[Axis.Ffn]));
        Assert.Equal(3 * 8 * 256 + 4096, plan.Tokens);
        Assert.Equal(["score, round 1", "score, round 2", "score, round 3", "distill"], plan.Times[0].Stages.Select(stage => stage.Stage));
        Assert.Equal(3, plan.Disk.Count(file => file.What.StartsWith("pruned student, round ", StringComparison.Ordinal)));
        // Nothing is trained between rounds, so they are one cut: half of that axis.
        Assert.Contains(plan.Warnings, warning => warning.StartsWith("prune.ffn 768 to 384 cuts 50 %", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_cycle_is_judged_by_its_own_cut()
    {
        const string cut = "non-embedding parameters are cut at once", distill = "distill: { steps: 2 }";
        Assert.Contains(Plan("{ layers: 4 }", distill).Warnings, warning => warning.Contains(cut));
        Assert.DoesNotContain(Plan("{ layers: 4 }", $"cycles: auto\n{distill}").Warnings, warning => warning.Contains(cut)
            || warning.Contains("prune.layers"));
        var uneven =
            Plan("{ layers: 4 }",
                $"cycles: {{ shapes: [{{ layers: 7 }}] }}\n{distill}").Warnings.Where(warning => warning.Contains("prune")).ToArray();
        // Of a cut of layers alone what goes of them and of the parameters is the same.
        Assert.StartsWith("cycle 2: prune", Assert.Single(uneven));
    }
}
