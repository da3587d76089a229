using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Parts;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Frozen;

public sealed class FrozenPartsTests : TorchTest
{
    [Theory]
    [InlineData("embedding", ParameterRole.Embedding, -1, true)]
    [InlineData("embedding", ParameterRole.Head, -1, false)]
    [InlineData("norms", ParameterRole.FinalNorm, -1, true)]
    [InlineData("norms", ParameterRole.KeyNorm, 2, true)]
    [InlineData("norms", ParameterRole.KeyProjection, 2, false)]
    [InlineData("attention", ParameterRole.OutputProjection, 0, true)]
    [InlineData("attention", ParameterRole.InputNorm, 0, false)]
    [InlineData("mlp", ParameterRole.DownProjectionBias, 1, true)]
    [InlineData("mlp", ParameterRole.OutputProjection, 1, false)]
    [InlineData("layers 1-2", ParameterRole.InputNorm, 1, true)]
    [InlineData("layers 1-2", ParameterRole.GateProjection, 2, true)]
    [InlineData("layers 1-2", ParameterRole.GateProjection, 3, false)]
    [InlineData("layer 0", ParameterRole.FinalNorm, -1, false)]
    public void A_word_holds_what_it_names(string word, ParameterRole role, int layer, bool held) =>
        Assert.Equal(held, FrozenParts.Parse([word]).Hold(new(role, layer)));

    [Fact]
    public void Frozen_parameters_keep_their_bits_and_the_others_learn_as_if_nothing_were_frozen_at_their_first_step()
    {
        var free = Train(new() { Steps = 1, Batch = 2, WarmUp = 0, Clip = null });
        var held =
            Train(new()
            {
                Steps = 1,
                Batch = 2,
                WarmUp = 0,
                Clip = null,
                Freeze = FrozenParts.Parse(["embedding", "norms", "layers 0-2"])
            });
        foreach (var (parameter, before, after) in held)
        {
            var frozen = parameter.Layer is >= 0 and <= 2
                || parameter.Role is ParameterRole.Embedding or ParameterRole.InputNorm or ParameterRole.PostAttentionNorm
                or ParameterRole.FinalNorm;
            if (frozen)
                Assert.Equal(before, after);
            else
                Assert.Equal(free.Single(p => p.Parameter == parameter).After, after);
        }
        Assert.All(free, p => Assert.NotEqual(p.Before, p.After));
    }

    [Fact]
    public void All_but_the_head_can_be_frozen()
    {
        var trained =
            Train(new() { Steps = 2, Batch = 2, WarmUp = 0, Freeze = FrozenParts.Parse(["embedding", "norms", "attention", "mlp"]) });
        Assert.Equal([ParameterRole.Head], trained.Where(p => !p.Before.SequenceEqual(p.After)).Select(p => p.Parameter.Role));
    }

    [Fact]
    public void A_layer_moves_by_its_decayed_learning_rate()
    {
        // The first update of Adam is the learning rate itself, whatever the gradient.
        var trained =
            Train(new()
            {
                Steps = 1,
                Batch = 2,
                WarmUp = 0,
                LearningRate = 1e-2,
                LayerDecay = 0.5,
                Optimizer = new AdamWOptions(WeightDecay: 0)
            });
        double Step(ParameterRole role, int layer = -1) => trained.Single(p => p.Parameter == new Parameter(role, layer)) is var p
            ? p.Before.Zip(p.After, (a, b) => Math.Abs(a - b)).Max() : 0;
        Assert.Equal(1e-2, Step(ParameterRole.Head), 1e-5);
        Assert.Equal(1e-2, Step(ParameterRole.FinalNorm), 1e-5);
        Assert.Equal(1e-2 / 2, Step(ParameterRole.DownProjection, 5), 1e-5);
        Assert.Equal(1e-2 / 64, Step(ParameterRole.DownProjection, 0), 1e-6);
        Assert.Equal(1e-2 / 128, Step(ParameterRole.Embedding), 1e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_head_that_is_the_embedding_has_the_embeddings_rate(bool isTied)
    {
        var golden = isTied ? Path.Combine(Fixtures.Root, "models", "quickstart-teacher") : Fixtures.Golden("pruning", "teacher");
        using var model = GoldenTensors.Load(golden, DType.Float32);
        Assert.Equal(isTied, model.Config.TiedEmbeddings);
        var factors = model.Parameters.ToDictionary(p => p.Parameter,
            p => LayerDecay.FactorOf(p.Parameter, model.Config.Layers, 0.5));
        Assert.Equal(Math.Pow(0.5, model.Config.Layers + 1), factors[new(ParameterRole.Embedding)]);
        Assert.Equal(isTied ? null : 1, factors.TryGetValue(new(ParameterRole.Head), out var head) ? head : (double?)null);
    }

    [Theory]
    [InlineData("layers 2-6", "layers 2-6, but the model has layers 0 to 5")]
    [InlineData("embedding,head,norms,attention,mlp", "is the whole model; leave something to train")]
    public void Parts_that_this_model_cannot_freeze_are_refused(string words, string message) =>
        Assert.Contains(message,
            Assert.Throws<EspalierException>(() => Train(new() { Steps = 1, Freeze = FrozenParts.Parse(words.Split(',')) })).Message);

    [Fact]
    public void A_head_that_is_the_embedding_is_frozen_by_that_name()
    {
        using var model = GoldenTensors.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), DType.Float32);
        Assert.True(model.Config.TiedEmbeddings);
        var error =
            Assert.Throws<EspalierException>(() => FrozenParts.Parse(["head"])
                .Within(model.Config, model.Parameters.Select(p => p.Parameter)));
        Assert.Contains("write embedding", error.Message);
    }

    private static List<(Parameter Parameter, double[] Before, double[] After)> Train(TrainingOptions options)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 2000).Select(i => i * i % 127), "ids", 128), 16);
        var before = model.Parameters.Select(p => GoldenTensors.DoublesOf(p.Value)).ToArray();
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), options);
        trainer.Run();
        return [.. model.Parameters.Select((p, i) => (p.Parameter, before[i], GoldenTensors.DoublesOf(p.Value)))];
    }
}
