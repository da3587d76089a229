using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Preferences;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Alignment;

/// <summary>Four pairs packed into two windows, against PyTorch's autograd over each sequence by itself.</summary>
public sealed class PreferenceObjectiveTests : TorchTest
{
    private const int Sequence = 49, Pairs = 4;

    private readonly GoldenTensors _golden = new(Fixtures.Golden("preferences", "golden.safetensors"));

    public static TheoryData<string> Kinds => PreferenceLossTests.Kinds;

    [Fact]
    public void The_reference_and_the_policy_say_what_PyTorch_says_of_each_answer()
    {
        foreach (var (model, name) in new[] { ("teacher", "reference"), ("width", "policy") })
        {
            using var decoder = Model(model);
            var found = PreferenceEvaluator.Ask(decoder, Set(null), 0, 2, _ => { }, default);
            GoldenTensors.AssertClose(_golden.Doubles(name), found.SelectMany(one => new[] { one.Chosen, one.Rejected }).ToArray(), 1e-10,
                1e-12, name);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Loss_and_gradients_are_PyTorchs(string kind)
    {
        var (sums, gradients) = Gradients(new(PreferenceLossTests.Loss(kind), Set(Reference()), sftWeight: 0.5), 2);

        Assert.Equal(_golden.Scalar($"{kind}.loss"), sums.Parts[0] / Pairs, 1e-11);
        Assert.Equal(_golden.Scalar("sft"), sums.Parts[5] / Pairs, 1e-11);
        Assert.Equal(sums.Parts[0] + 0.5 * sums.Parts[5], sums.Sum, 1e-12);
        foreach (var name in _golden.Names.Where(name => name.StartsWith($"{kind}.grad.", StringComparison.Ordinal)))
            GoldenTensors.AssertClose(_golden.Doubles(name), gradients[name[$"{kind}.grad.".Length..]], 1e-11, 1e-9, name);
    }

    [Fact]
    public void Accuracy_margin_and_rewards_are_those_of_the_log_probabilities()
    {
        var (sums, _) = Gradients(new(PreferenceLossTests.Loss("dpo"), Set(Reference())), 2);
        var (policy, reference) = (_golden.Doubles("policy"), _golden.Doubles("reference"));
        double Reward(int pair, int side) => 0.3 * (policy[2 * pair + side] - reference[2 * pair + side]);

        Assert.Equal(Enumerable.Range(0, Pairs).Count(i => Reward(i, 0) > Reward(i, 1)), sums.Parts[1]);
        Assert.Equal(Enumerable.Range(0, Pairs).Sum(i => Reward(i, 0) - Reward(i, 1)), sums.Parts[2], 1e-10);
        Assert.Equal(Enumerable.Range(0, Pairs).Sum(i => Reward(i, 0)), sums.Parts[3], 1e-10);
        Assert.Equal(Enumerable.Range(0, Pairs).Sum(i => Reward(i, 1)), sums.Parts[4], 1e-10);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Window_by_window_gives_the_gradients_of_both_together(string kind)
    {
        PreferenceObjective objective = new(PreferenceLossTests.Loss(kind), Set(Reference()));
        var (whole, parts) = (Gradients(objective, 2), Gradients(objective, 1));

        Assert.Equal(whole.Sums.Sum, parts.Sums.Sum, 1e-12);
        foreach (var (name, values) in whole.Gradients)
            GoldenTensors.AssertClose(values, parts.Gradients[name], 1e-13, 1e-10, name);
    }

    [Fact]
    public void What_is_asked_gives_no_gradient()
    {
        PreferenceObjective objective = new(PreferenceLossTests.Loss("dpo"), Set(Reference()), sftWeight: 0.5);
        var (whole, asked, answered) =
            (Gradients(objective, 2), Gradients(objective, 2, change: false), Gradients(objective, 2, change: true));

        Assert.Equal(whole.Gradients["lm_head.weight"], asked.Gradients["lm_head.weight"]);
        Assert.NotEqual(whole.Gradients["lm_head.weight"], answered.Gradients["lm_head.weight"]);
    }

    [Fact]
    public void A_step_is_the_mean_over_pairs()
    {
        var text = new PairedText(Set(null), SampleOrder.Sequential(2));
        Assert.Equal(Pairs, text.CountedTokens(0, 2));
        Assert.Equal(Pairs - text.CountedTokens(1, 1), text.CountedTokens(0, 1));
    }

    [Fact]
    public void The_reference_is_asked_once_and_a_damaged_file_is_written_again()
    {
        using TemporaryFolder folder = new();
        var (set, asked) = (Set(null), 0);
        List<PairLogProbabilities> Take() => ReferenceAnswers.Take(folder.Path, set, () =>
        {
            asked++;
            return Model("teacher");
        }, NullProgress.Instance, default);

        var first = Take();
        Assert.Equal(first, Take());
        Assert.Equal(1, asked);
        var file = Directory.GetFiles(folder.Path).Single();
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text.Replace("-1", "-2", StringComparison.Ordinal));
        Assert.Equal(first, Take());
        Assert.Equal(2, asked);
        Assert.Equal(text, File.ReadAllText(file));
    }

    private (ObjectiveSums Sums, Dictionary<string, double[]> Gradients) Gradients(PreferenceObjective objective, int rows,
        bool? change = null)
    {
        using var model = Model("width");
        model.RequiresGrad = true;
        var (total, parts) = (0.0, new double[objective.PartNames.Count]);
        foreach (var batch in new PairedText(Set(null), SampleOrder.Sequential(2)).Batches(2, rows))
        {
            if (change is { } counted)
                for (var i = 0; i < batch.Targets.Length; i++)
                    if (batch.LossMask![i] == counted)
                        batch.Targets[i] = (batch.Targets[i] + 17) % 128;
            var sums = objective.Accumulate(model, batch, 1.0 / Pairs);
            total += sums.Sum;
            for (var i = 0; i < parts.Length; i++)
                parts[i] += sums.Parts[i];
        }
        using var scope = TensorScope.Begin();
        string[] shown = ["model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.weight",
            "model.layers.5.mlp.down_proj.weight", "model.norm.weight"];
        var named = model.Parameters.Zip(Names(model), (parameter, name) => (Name: name, parameter.Value));
        return (new(total, parts), named.Where(one => shown.Contains(one.Name))
            .ToDictionary(one => one.Name, one => GoldenTensors.DoublesOf(one.Value.Grad()!)));
    }

    private static IEnumerable<string> Names(Decoder model) =>
        model.Parameters.Select(parameter => Espalier.Models.Families.FamilyCatalog.For(model.Config.Family, "test")
            .Parameters(model.Config)
            .Single(named => named.Parameter.Equals(parameter.Parameter)).Name);

    private PairLogProbabilities[] Reference() =>
        [.. _golden.Doubles("reference").Chunk(2).Select(pair => new PairLogProbabilities(pair[0], pair[1]))];

    /// <summary>Two pairs a window.</summary>
    private PreferenceSet Set(PairLogProbabilities[]? reference)
    {
        var (ids, counted, starts, pairs) = (new List<int>(), new List<bool>(), new List<long>(), new List<PlacedPair>());
        var rewards = _golden.Doubles("pairs.reward");
        for (var pair = 0; pair < Pairs; pair++)
        {
            if (pair == 2)
                Pad();
            var window = ids.Count / (Sequence + 1);
            pairs.Add(new(window, Add(pair, "chosen"), Add(pair, "rejected"), rewards[pair]));
        }
        Pad();
        var windows = new WindowSet(TokenIds.FromList(ids, "ids", 128), Sequence, WindowStride.Disjoint, new StoredBoundaries([.. starts]),
            new(counted.ToArray()));
        return new(windows, [.. pairs], reference);

        (int, int) Add(int pair, string answer)
        {
            starts.Add(ids.Count);
            var start = ids.Count % (Sequence + 1);
            foreach (var (part, counts) in new[] { ("question", false), (answer, true) })
                foreach (var id in _golden.Longs($"pairs.{pair}.{part}"))
                {
                    ids.Add((int)id);
                    counted.Add(counts);
                }
            return (start, (ids.Count - 1) % (Sequence + 1) + 1);
        }

        void Pad()
        {
            starts.Add(ids.Count);
            while (ids.Count % (Sequence + 1) != 0)
            {
                ids.Add(0);
                counted.Add(false);
            }
        }
    }

    private static Decoder Model(string name) => GoldenTensors.Load(Fixtures.Golden("pruning", name), DType.Float64);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _golden.Dispose();
        base.Dispose();
    }
}
