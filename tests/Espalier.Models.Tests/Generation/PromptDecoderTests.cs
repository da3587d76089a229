using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Prompts;
using Espalier.Models.Generation.Rows;
using Espalier.Tests;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Models.Tests.Generation;

/// <summary>Prompts with their positions in lanes, against the decoder's own pass and against themselves.</summary>
public sealed class PromptDecoderTests : TorchTest
{
    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Order().Select(static folder => Path.GetFileName(folder))];

    public override void Dispose()
    {
        Width.Bits = 0;
        base.Dispose();
    }

    /// <summary>Around a panel, and around what goes through at once; at both widths of vectors that take prompts.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_prompt_of_any_length_has_the_logits_of_one_pass(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        // The others, mixtures and recurrent layers, go through the decoder's blocks.
        string[] others = ["gpt-oss", "mixtral", "moe", "nemotron-h", "qwen3-5", "qwen3-next"];
        Assert.Equal(!others.Any(other => family.Contains(other, StringComparison.Ordinal)), PromptDecoder.Takes(packed.Config));
        using var model = DecoderWeights.Load(checkpoint);
        foreach (var bits in (int[])[512, 256])
            foreach (var length in (int[])[9, 32, 33, 63, PromptDecoder.Most, PromptDecoder.Most + 1, PromptDecoder.Most + 77])
            {
                Width.Bits = bits;
                using var scope = TensorScope.Begin();
                using var noGrad = GradMode.Disable();
                var ids = Ids(length, packed.Config);
                var hidden_1TD = model.Forward(Tensor.From<long>(Array.ConvertAll(ids, id => (long)id), 1, length));
                var expected = GoldenTensors.DoublesOf(model.Logits(hidden_1TD.Slice(1, length - 1, length)));
                using var decoder = new RowDecoder(packed, 2, length + 1);
                GoldenTensors.AssertClose(
                    expected, Array.ConvertAll(decoder.Begin(1, ids).ToArray(), value => (double)value), 2e-4, 0, $"logits of {length}");
            }
    }

    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("mixtral")]
    public void A_prompt_can_be_stopped_and_begun_anew(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var decoder = new RowDecoder(packed, 1, 41);
        var ids = Ids(40, packed.Config);
        var expected = decoder.Begin(0, ids).ToArray();
        Assert.Throws<OperationCanceledException>(() => { _ = decoder.Begin(0, ids, new(canceled: true)); });
        Assert.Equal(expected, decoder.Begin(0, ids).ToArray());
    }

    [Fact]
    public void Threads_change_no_bit_and_neither_does_what_was_there_before()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.BFloat16);
        var ids = Ids(300, packed.Config);
        using var decoder = new RowDecoder(packed, 2, 500);
        var expected = decoder.Begin(0, ids).ToArray();
        decoder.Begin(0, Ids(500, packed.Config));
        Assert.Equal(expected, decoder.Begin(1, ids).ToArray());
        foreach (var threads in new[] { 1, 3, 2 })
        {
            TorchRuntime.Threads = threads;
            Assert.Equal(expected, decoder.Begin(0, ids).ToArray());
        }
    }

    [Fact]
    public void A_prompt_longer_than_its_room_and_one_of_nothing_are_refused()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var decoder = new RowDecoder(packed, 3, 20);
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Begin(1, Ids(21, packed.Config)).ToArray());
        using var prompts = new PromptDecoder(packed, 20, new RowBuffer?[packed.Config.Layers], new RowBuffer?[packed.Config.Layers]);
        Assert.Throws<ArgumentOutOfRangeException>(() => prompts.Begin(0, [], [], default, default));
    }

    /// <summary>Against the sum over the products that are made, written out.</summary>
    [Fact]
    public void Operations_of_a_prompt_leave_out_what_is_not_made_in_the_last_layer()
    {
        Width.Bits = 256;
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        const double Layer = (2 * 256 * 256) + (2 * 256 * 128) + (3 * 256 * 768), Remembered = 2 * 256 * 128, Head = 4096 * 256;
        // Scores and sums of values over the positions seen, twice 8 heads of 32: the last position sees all.
        const double Mean = 2 * 8 * 32 * 257 / 2.0, Last = 2 * 8 * 32 * 256;
        Assert.Equal(
            2 * (256 * (7 * (Layer + Mean) + Remembered) + Layer + Last - Remembered + Head),
            PromptDecoder.Operations(checkpoint.Config, 256), 1.0);
        Width.Bits = 128;
        Assert.Equal(2 * (256 * 8 * (Layer + Mean) + Head), PromptDecoder.Operations(checkpoint.Config, 256), 1.0);
    }

    private static int[] Ids(int length, DecoderConfig config) =>
        [.. Enumerable.Range(0, length).Select(i => 3 + i * 37 % Math.Min(90, config.VocabularySize - 3))];
}
