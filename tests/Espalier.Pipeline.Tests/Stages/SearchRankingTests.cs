using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Search;

namespace Espalier.Tests.Stages;

public sealed class SearchRankingTests
{
    [Fact]
    public void A_candidate_without_a_finite_loss_is_the_last_row_and_the_file_of_the_result_holds_it()
    {
        using var teacher = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var recipe = RecipeFile.Parse("teacher: t\ndata: { train: a.txt }\ndistill: { steps: 9 }\nsearch: { layers: [4, 5] }", "r.yaml");
        var candidates = recipe.Search!.Enumerate(teacher.Config, 16, 4, null).Select(candidate => (candidate, 0.5)).ToArray();
        // The one that was the best diverged: nothing is known of its windows.
        var halving = Halving.Run(2, [10], (candidate, _) => candidate == 0
            ? [new("held-out", double.NaN, double.NaN, [])] : [new("held-out", 2, 0.1, [1.9, 2.1])]);
        var setting = new CandidateSetting(null!, null!, recipe.Prune, recipe.Search, recipe.Distill!, null!, [], [], null, 16, 1, 4);
        var result = SearchRanking.ResultOf(setting, candidates, halving);
        Assert.Equal([(2, 1), (1, 2)], result.Candidates.Select(row => (row.ProxyRank, row.Rank)));
        Assert.Equal((double.NaN, null), (result.Candidates[1].LastHeldOut.Nll, result.Candidates[1].LastHeldOut.Behind));
        using var stream = new MemoryStream();
        SearchStage.Write(stream, result);
        var rows = JsonDocument.Parse(stream.ToArray()).RootElement.GetProperty("candidates");
        Assert.Equal("NaN", rows[1].GetProperty("losses")[0].GetProperty("nll").GetString());
        Assert.Equal(2, rows[0].GetProperty("losses")[0].GetProperty("nll").GetDouble());
    }
}
