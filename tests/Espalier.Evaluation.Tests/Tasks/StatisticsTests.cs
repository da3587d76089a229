using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Statistics;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>Comparisons of models on the same documents.</summary>
public sealed class StatisticsTests
{
    // 2 Σ C(n, k) / 2ⁿ in whole numbers, by Python.
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(5, 5, 1)]
    [InlineData(1, 9, 0.021484375)]
    [InlineData(0, 10, 0.001953125)]
    [InlineData(40, 60, 0.05688793364098078)]
    [InlineData(1000, 1200, 2.1817026407914712e-05)]
    public void The_exact_test_of_mcnemar(int first, int second, double expected)
    {
        Assert.Equal(expected, McNemar.Probability(first, second), 1e-9 * expected);
        Assert.Equal(McNemar.Probability(first, second), McNemar.Probability(second, first));
    }

    [Fact]
    public void Many_comparisons_raise_what_each_finds()
    {
        Assert.Equal([0.03, 0.06, 0.06, 0.9], Holm.Adjust([0.0075, 0.02, 0.03, 0.9]).Select(p => Math.Round(p, 10)));
        Assert.Equal([0.8, 0.3], Holm.Adjust([0.8, 0.15]).Select(p => Math.Round(p, 10)));
        Assert.Equal([1, 1], Holm.Adjust([0.8, 0.9]));
    }

    [Theory]
    [InlineData(400, 0.30, 0.20)]
    [InlineData(30, 0.30, 0.20)]
    [InlineData(14_042, 0.12, 0.10)]
    public void The_interval_is_that_of_the_normal_where_there_are_many(int documents, double onlyFirst, double onlySecond)
    {
        double[] first = [.. Enumerable.Range(0, documents).Select(i => i < onlyFirst * documents ? 1.0 : 0)];
        double[] second = [.. Enumerable.Range(0, documents).Select(i => i >= (1 - onlySecond) * documents ? 1.0 : 0)];
        var found = PairedBootstrap.Of(first, second);
        var differences = first.Zip(second, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / documents / documents);
        Assert.Equal(mean, found.Difference, 1e-12);
        Assert.Equal(mean - 1.96 * error, found.Lower, 0.12 * error + 1.0 / documents);
        Assert.Equal(mean + 1.96 * error, found.Upper, 0.12 * error + 1.0 / documents);
        Assert.Equal(found, PairedBootstrap.Of(first, second));
    }

    // All 2⁶ exchanges, counted by hand below.
    [Fact]
    public void Exchanges_drawn_at_random_find_what_all_of_them_find()
    {
        double[] first = [0.1, 0.9, 0.4, 0.7, 0.2, 0.8], second = [0.3, 1.0, 0.35, 0.9, 0.6, 0.9], weights = [1, 2, 1, 3, 1, 2];
        foreach (var told in (Func<double, double>[])[static mean => mean, Math.Exp])
        {
            var seen = Math.Abs(Difference(0));
            var exact = Enumerable.Range(0, 64).Count(exchanged => Math.Abs(Difference(exchanged)) >= seen - 1e-12) / 64.0;
            Assert.Equal(exact, PairedPermutation.Probability(first, second, weights), 0.015);

            double Difference(int exchanged)
            {
                var (one, other) = (0.0, 0.0);
                for (var i = 0; i < 6; i++)
                {
                    var isExchanged = (exchanged >> i & 1) == 1;
                    one += weights[i] * (isExchanged ? second : first)[i];
                    other += weights[i] * (isExchanged ? first : second)[i];
                }
                return told(one / 10) - told(other / 10);
            }
        }
        Assert.Equal(1, PairedPermutation.Probability(first, first, weights));
    }

    [Fact]
    public void The_general_interval_is_the_plain_one_where_all_documents_weigh_the_same()
    {
        double[] first = [.. Enumerable.Range(0, 300).Select(i => i % 3 == 0 ? 1.0 : 0)];
        double[] second = [.. Enumerable.Range(0, 300).Select(i => i % 5 == 0 ? 1.0 : 0)];
        var plain = PairedBootstrap.Of(first, second);
        var general = PairedBootstrap.Of(first, second, [.. first.Select(_ => 2.0)], static mean => mean);
        Assert.Equal(plain.Difference, general.Difference, 1e-12);
        Assert.Equal(plain.Lower, general.Lower, 0.01);
        Assert.Equal(plain.Upper, general.Upper, 0.01);
    }

    // Of equal weights s/√n (numpy.std(ddof=1)/√n), and of a ratio the sum over documents by hand.
    [Fact]
    public void Standard_errors_of_means_and_of_ratios()
    {
        var (mean, error) = TaskMetric.MeanOf([1, 0, 0, 1, 1], [1, 1, 1, 1, 1]);
        Assert.Equal(0.6, mean, 1e-12);
        Assert.Equal(0.2449489742783178, error!.Value, 1e-12);
        (mean, error) = TaskMetric.MeanOf([1, 0.5, 0], [1, 2, 3]);
        Assert.Equal(2.0 / 6, mean, 1e-12);
        Assert.Equal(Math.Sqrt((2.0 / 3 * (2.0 / 3) + 1.0 / 3 * (1.0 / 3) + 1) * 3 / 2) / 6, error!.Value, 1e-12);
        Assert.Null(TaskMetric.MeanOf([0.4], [7]).StandardError);
        Assert.Equal("40.0 %", MetricText.Value(new("acc", 0.4, null, MetricScale.Share)));
    }

    [Fact]
    public void Where_no_document_weighs_the_same_in_both_models_nothing_is_compared_and_nothing_adjusted()
    {
        var task = TaskFile.Parse("test: a.jsonl\nkind: likelihood\nprompt: \"a\"\ntarget: \"{text}\"\n", "t.yaml");
        TaskResult[][] tasks = [[Of(1, 0), Of(2, 1)], [Of(1, 0), Of(1, 1)], [Of(1, 1), Of(1, 0)]];
        var compared = TaskComparison.OfAll(["a", "b"], tasks).Select(of => of.Comparisons.Single()).ToArray();
        Assert.Equal([0, 6, 6], compared.Select(of => of.Documents!.Value));
        Assert.Null(compared[0].Adjusted);
        Assert.All(compared[1..], of => Assert.Equal(2 * of.Probability, of.Adjusted!.Value, 1e-12));

        TaskResult Of(double weight, double score) => new(task, 0, [new("", [.. Enumerable.Range(0, 6).Select(i => new KeptDocument(
            new(default, "here", i), 0, Numbers(score), Numbers(weight)))])], 0);

        Dictionary<string, double> Numbers(double value) => task.Kind.Metrics.ToDictionary(metric => metric.Name, _ => value);
    }

    [Fact]
    public void Equal_models_have_no_interval() =>
        Assert.Equal(new(0, 0, 0), PairedBootstrap.Of([1, 0, 1], [1, 0, 1]));
}
