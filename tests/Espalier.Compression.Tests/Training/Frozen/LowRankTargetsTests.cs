using Espalier.Compression.Training;
using Espalier.Compression.Training.Parts;

namespace Espalier.Compression.Tests.Training.Frozen;

public sealed class LowRankTargetsTests
{
    [Theory]
    [InlineData("q_proj,k_proj,v_proj,o_proj", "attention")]
    [InlineData("down_proj,up_proj,gate_proj,q_proj", "mlp,q_proj")]
    [InlineData("attention,k_proj,down_proj", "attention,down_proj")]
    [InlineData("v_proj,q_proj,q_proj", "q_proj,v_proj")]
    [InlineData("mamba,attention", "attention,mamba")]
    [InlineData("delta,mamba,mlp,attention", "attention,mlp,mamba,delta")]
    public void One_meaning_has_one_spelling(string words, string canonical)
    {
        var targets = LowRankTargets.Parse(words.Split(','));
        Assert.Equal(canonical.Split(','), targets.Words);
        Assert.Equal(targets, LowRankTargets.Parse(targets.Words));
        Assert.Equal(targets.GetHashCode(), LowRankTargets.Parse(targets.Words).GetHashCode());
    }

    [Theory]
    [InlineData("q_porj", "unknown 'q_porj'. Did you mean q_proj? Known: attention, mlp, q_proj")]
    [InlineData("head", "unknown 'head'")]
    public void Others_are_refused_with_the_nearest(string word, string message) =>
        Assert.Contains(message, Assert.Throws<EspalierException>(() => LowRankTargets.Parse([word])).Message);

    [Fact]
    public void There_must_be_something_to_adapt()
    {
        Parameter[] all = [.. ParameterSpec.All.Select(spec => new Parameter(spec.Role, spec.IsPerLayer ? 0 : -1))];
        Assert.Equal(24, LowRankTargets.All.Within(all, FrozenParts.None).Count());
        Assert.Equal(19, LowRankTargets.All.Within(all, FrozenParts.Parse(["attention"])).Count());
        Assert.Contains("freeze names them all (mlp); leave something to train", Assert.Throws<EspalierException>(
            () => LowRankTargets.Parse(["mlp"]).Within(all, FrozenParts.Parse(["mlp"]))).Message);
        Assert.Contains("this model has none of them", Assert.Throws<EspalierException>(
            () => LowRankTargets.Parse(["gate_proj"])
                .Within(all.Where(p => p.Role is not (ParameterRole.GateProjection or ParameterRole.SharedGateProjection)),
                    FrozenParts.None)).Message);
    }

    [Theory]
    [InlineData(0, 1, "lora-rank is 0; it must be at least 1")]
    [InlineData(1, 0, "lora-alpha is 0; it must be above 0")]
    [InlineData(1, double.NaN, "lora-alpha is NaN; it must be above 0")]
    public void Numbers_that_cannot_work_are_refused(int rank, double alpha, string message) => Assert.Contains(message,
        Assert.Throws<EspalierException>(
            () => new TrainingOptions { Steps = 1, LowRank = new(rank, alpha, LowRankTargets.All, 1) }.Validate()).Message);
}
