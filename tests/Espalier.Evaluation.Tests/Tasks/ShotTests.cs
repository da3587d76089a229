using Espalier.Evaluation.Shots;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>Shots are those that lm-evaluation-harness draws.</summary>
public sealed class ShotTests
{
    // random.Random(1234).sample(range(n), k), by CPython 3.11.
    [Theory]
    [InlineData(20, 5, new[] { 14, 3, 0, 2, 1 }, new[] { 2, 3, 11, 7, 0 })]
    [InlineData(20, 11, new[] { 14, 3, 0, 2, 1, 10, 11, 15, 12, 5, 18 }, new[] { 0, 19, 18, 11, 15, 9, 7, 2, 1, 12, 16 })]
    [InlineData(21, 6, new[] { 14, 3, 0, 2, 1, 17 }, new[] { 3, 11, 7, 0, 17, 16 })]
    public void Draws_are_pythons(int pool, int count, int[] first, int[] second)
    {
        var random = new PythonRandom(1234);
        Assert.Equal(first, random.Sample(pool, count));
        Assert.Equal(second, random.Sample(pool, count));
    }

    [OutsideFact("oracles/lm-eval-fewshot/lm_eval_fewshot_golden.json")]
    public void All_recorded_draws_are_pythons()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(
            Fixtures.Outside("oracles", "lm-eval-fewshot", "lm_eval_fewshot_golden.json")));
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray().ToArray();
        Assert.True(cases.Length > 50);
        foreach (var recorded in cases)
        {
            var sampler = new ShotSampler(recorded.GetProperty("pool").GetInt32(), recorded.GetProperty("k").GetInt32(), ShotOrder.Random,
                drawsOneMore: false);
            foreach (var document in recorded.GetProperty("first_three_documents").EnumerateArray())
                Assert.Equal(document.Deserialize<int[]>()!, sampler.Next(_ => false));
        }
    }

    [Fact]
    public void The_document_itself_is_no_shot_of_its_own()
    {
        var sampler = new ShotSampler(20, 5, ShotOrder.Random, drawsOneMore: true);
        // Six are drawn: 14 3 0 2 1 10.
        Assert.Equal([14, 0, 2, 1, 10], sampler.Next(place => place == 3));
        Assert.Equal(5, sampler.Next(_ => false).Length);
        Assert.Equal([0, 1], new ShotSampler(20, 2, ShotOrder.First, drawsOneMore: false).Next(_ => false));
        // Nor of the first ones, of which as many are taken as asked for.
        var first = new ShotSampler(20, 2, ShotOrder.First, drawsOneMore: true);
        Assert.Equal([0, 2], first.Next(place => place == 1));
        Assert.Equal([0, 1], first.Next(place => place == 7));
        Assert.Contains("from 2 documents", Assert.Throws<EspalierException>(
            () => new ShotSampler(2, 2, ShotOrder.First, drawsOneMore: true).Next(_ => false)).Message);
        Assert.Contains("from 4 documents", Assert.Throws<EspalierException>(
            () => new ShotSampler(4, 5, ShotOrder.Random, drawsOneMore: false).Next(_ => false)).Message);
    }
}
