using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>What models are ordered by on a task, against its closed forms.</summary>
public sealed class TaskLossTests
{
    private static readonly TaskDocument s_document = new(JsonDocument.Parse("{}").RootElement, "here", 0);

    private static ChoiceResult Result(string[] choices, double[] logLikelihoods, params int[] right) => new(
        new(s_document, [.. choices.Select(choice => ("", choice))], choices, right, right.Length > 1),
        [.. logLikelihoods.Select(value => new ContinuationScore(value, false))], 0);

    [Fact]
    public void A_choice_loses_by_the_probability_of_the_right_one_a_character()
    {
        // A character: -1 and -1.5, then -2 and -1: p of the right ones are 1 / (1 + e^-0.5) and 1 / (1 + e^-1).
        var loss = Assert.Single(TaskCatalog.Find("arc_easy").Kind.Losses);
        Assert.Equal(Math.Log(1 + Math.Exp(-0.5)), loss.Of(Result(["one", "eleven"], [-3, -9], 0)), 1e-15);
        Assert.Equal(Math.Log(1 + Math.Exp(-1)), loss.Of(Result(["one", "eleven"], [-6, -6], 1)), 1e-15);
        Assert.Equal(Math.Log(4), loss.Of(Result(["a", "b", "c", "d"], [-1000, -1000, -1000, -1000], 2)), 1e-12);
        Assert.Equal(("", "acc"), (loss.Name, loss.Metric));
    }

    [Fact]
    public void Where_several_are_right_and_where_contexts_differ_whole_likelihoods_count()
    {
        var several = Assert.Single(TaskCatalog.Find("truthfulqa_mc2").Kind.Losses);
        var result = Result(["one", "eleven", "two"], [-3, -9, -4], 0, 2);
        Assert.Equal(-Math.Log(result.ShareOfRight), several.Of(result), 1e-15);
        var partial = Assert.Single(TaskCatalog.Find("winogrande").Kind.Losses);
        Assert.Equal(Math.Log(1 + Math.Exp(-1)), partial.Of(Result(["one", "eleven"], [-3, -4], 0)), 1e-15);
    }

    [Fact]
    public void What_is_written_loses_by_what_it_lacks_and_health_by_two_measures()
    {
        var kind = TaskCatalog.Find("gsm8k").Kind;
        var loss = Assert.Single(kind.Losses);
        Assert.Equal(kind.Metrics[0].Name, loss.Metric);
        Assert.Equal([0.0, 1.0], new[] { 1.0, 0.0 }.Select(score => loss.Of(Kept((kind.Metrics[0].Name, score)))));

        var health = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", "endings", "continuations.yaml")).Kind.Losses;
        Assert.Equal(["", "repetition"], health.Select(one => one.Name));
        var kept = Kept(("continuation_perplexity", 2.5), ("repetition_4", 0.25));
        Assert.Equal([2.5, 0.25], health.Select(one => one.Of(kept)));
    }

    [Fact]
    public void Texts_lose_nats_a_byte_and_targets_nats()
    {
        Assert.Equal(0.75, Assert.Single(TaskCatalog.Find("wikitext").Kind.Losses).Of(
            Kept(("byte_perplexity", 0.75), ("word_perplexity", 4))));
        Assert.Equal(3.5, Assert.Single(TaskCatalog.Find("lambada_openai").Kind.Losses).Of(Kept(("acc", 0), ("perplexity", 3.5))));
    }

    [Fact]
    public void Every_task_of_the_program_that_recipes_take_has_a_loss_with_a_metric_of_its_own()
    {
        foreach (var kind in TaskCatalog.Names.Select(name => TaskCatalog.Find(name).Kind).Where(kind => kind.NotInRecipes is null))
            Assert.All(kind.Losses, loss => Assert.Contains(loss.Metric, kind.Metrics.Select(metric => metric.Name)));
    }

    private static KeptDocument Kept(params (string Metric, double Score)[] scores) =>
        new(s_document, 0, scores.ToDictionary(score => score.Metric, score => score.Score), null);
}
