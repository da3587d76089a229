using System.Buffers.Binary;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>A model's row of the table, and what its losses are computed in.</summary>
public sealed class EvaluateStageTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-evaluate-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void Another_type_of_products_is_another_stage()
    {
        using var run = RunContext.Open(_folder, "recipe", 1, NullProgress.Instance, default);
        ModelRow exact = Evaluate(run, ComputeType.Float32), rounded = Evaluate(run, ComputeType.Bfloat16);
        Assert.NotEqual(exact.Stage, rounded.Stage);
        Assert.NotEqual(exact.Evaluations[0].Nll, rounded.Evaluations[0].Nll);
        Assert.Equal(exact.Evaluations[0].Nll, rounded.Evaluations[0].Nll, 5e-3);
        Assert.Equal(exact.Stage, Evaluate(run, ComputeType.Float32).Stage);
    }

    [Theory]
    [InlineData(ComputeType.Float32, true)]
    [InlineData(ComputeType.Bfloat16, false)]
    public void What_a_training_found_out_is_taken_where_it_was_computed_alike(ComputeType compute, bool isTaken)
    {
        using var run = RunContext.Open(_folder, "recipe", 1, NullProgress.Instance, default);
        var known = new PerplexityResult { Nll = 1.5, NllStandardError = 0.25, Tokens = 256, WindowNll = [1.5], Seconds = 1 };
        var row = Evaluate(run, compute, new KnownLoss("hash", 64, ComputeType.Float32, known));
        Assert.Equal(isTaken, row.Evaluations[0].Nll == 1.5);
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_a_row_of_the_table_too()
    {
        using var run = RunContext.Open(_folder, "recipe", 1, NullProgress.Instance, default);
        var known = new PerplexityResult
        {
            Nll = double.NaN,
            NllStandardError = double.NaN,
            Tokens = 64,
            WindowNll = [double.NaN],
            Seconds = 1,
        };
        var row = Evaluate(run, ComputeType.Float32, new KnownLoss("hash", 64, ComputeType.Float32, known)).Evaluations[0];
        Assert.Equal((double.NaN, double.NaN, double.NaN), (row.Nll, row.NllStandardError, row.Perplexity));
    }

    private static ModelRow Evaluate(RunContext run, ComputeType compute, KnownLoss? known = null)
    {
        using var checkpoint = Checkpoint.Open(s_teacher);
        var ids = File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32")).AsSpan(0, 4 * 257);
        var tokens = new int[257];
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = BinaryPrimitives.ReadInt32LittleEndian(ids[(4 * i)..]);
        var text =
            EvaluationSettings.Text(new("held-out", TokenIds.FromList(tokens, "ids", checkpoint.Config.VocabularySize), "hash", null));
        var stage = new EvaluateStage(new("arm", [text], 64) { Compute = compute },
            new Slot<ModelFolder>("teacher") { Value = new("teacher", s_teacher, "model") { HeldOut = known } });
        run.Walk([stage]);
        return stage.Row!;
    }
}
