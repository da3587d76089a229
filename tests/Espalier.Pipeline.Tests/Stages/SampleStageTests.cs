using System.Buffers.Binary;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

public sealed class SampleStageTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-samples-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void A_model_goes_on_from_beginnings_of_documents_and_is_not_asked_twice()
    {
        var tokenizer = Tokenizer.Load(s_teacher);
        using var checkpoint = Checkpoint.Open(s_teacher);
        var ids = Ids();
        var text = EvaluationSettings.Text(new("held-out", TokenIds.FromList(ids, "ids", checkpoint.Config.VocabularySize), "hash", null));
        Slot<ModelFolder> model = new("teacher") { Value = new("teacher", s_teacher, "model") };
        using var run = RunContext.Open(_folder, "recipe", 1, NullProgress.Instance, default);
        using var decoder = DecoderWeights.Load(checkpoint);
        var loads = 0;
        Decoder Load()
        {
            loads++;
            return decoder;
        }
        SampleStage first = new(model, Load, text, tokenizer), second = new(model, Load, text, tokenizer);
        first.Run(run);
        var record = StageRecord.Read(first.Folder!)!;
        var samples = record.Result["samples"]!.AsArray();
        Assert.Equal(3, samples.Count);
        foreach (var sample in samples)
        {
            var (prompt, original, written) = ((string)sample!["prompt"]!, (string)sample["original"]!, (string)sample["written"]!);
            Assert.NotEmpty(prompt);
            Assert.NotEmpty(written);
            // The text itself goes on after the prompt, and the document does not end inside of it.
            Assert.Contains(prompt + original, tokenizer.Decode([.. ids], skipSpecialTokens: true), StringComparison.Ordinal);
        }
        var before = loads;
        run.Walk([second]);
        Assert.Equal(first.Folder, second.Folder);
        Assert.Equal(before, loads);
    }

    [Fact]
    public void A_text_too_short_for_a_beginning_gives_none()
    {
        using var checkpoint = Checkpoint.Open(s_teacher);
        var text =
            EvaluationSettings.Text(
                new("held-out", TokenIds.FromList(Ids().Take(20), "ids", checkpoint.Config.VocabularySize), "hash", null));
        Slot<ModelFolder> model = new("teacher") { Value = new("teacher", s_teacher, "model") };
        using var run = RunContext.Open(_folder, "recipe", 1, NullProgress.Instance, default);
        var stage = new SampleStage(model, () => throw new InvalidOperationException("not needed"), text, Tokenizer.Load(s_teacher));
        run.Walk([stage]);
        Assert.Null(stage.Folder);
    }

    [Theory]
    [InlineData(new[] { 5.0, 1.0, 3.0 }, 3.0)]
    [InlineData(new[] { 5.0, 1.0, 3.0, 2.0 }, 2.5)]
    public void A_speed_is_the_median_with_its_range(double[] measured, double median) =>
        Assert.Equal(new GenerationSpeed(median, 1, 5, measured.Length, 96), GenerationSpeed.Of(measured, 96));

    [Fact]
    public void Speed_is_measured_several_times_over_a_stated_length()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var decoder = DecoderWeights.Load(checkpoint);
        var speed = GenerationSpeed.Measure(decoder)!;
        Assert.InRange(speed.Measurements, 3, 5);
        Assert.True(speed.HasSpread);
        Assert.Equal(96, speed.Tokens);
        Assert.InRange(speed.Median, speed.Lowest, speed.Highest);
    }

    [Fact]
    public void Paired_differences_have_the_interval_of_Student()
    {
        // t of two degrees of freedom is 4.302653 at 95 %; the differences 1, 2, 3 have the standard error 1/√3.
        var interval = PairedInterval.Of([2, 4, 6], [1, 2, 3]);
        Assert.Equal((2, 3), (interval.Mean, interval.Pairs));
        Assert.Equal(4.302653 / Math.Sqrt(3), interval.Upper - interval.Mean, 5);
        Assert.Equal(interval.Mean - interval.Lower, interval.Upper - interval.Mean, 12);
    }

    private static List<int> Ids()
    {
        var bytes = File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
        return [.. Enumerable.Range(0, Math.Min(4000, bytes.Length / 4))
            .Select(i => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i)))];
    }
}
