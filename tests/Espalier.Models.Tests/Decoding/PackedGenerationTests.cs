using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>Generation over packed weights, of every family, against the decoder's own forward pass.</summary>
public sealed class PackedGenerationTests : TorchTest
{
    public static IEnumerable<object[]> Cases()
    {
        var cases = new TheoryData<string, WeightFormat>();
        foreach (var folder in Directory.GetDirectories(Fixtures.Golden("families")).Order())
            foreach (var format in Enum.GetValues<WeightFormat>())
                cases.Add(Path.GetFileName(folder), format);
        return cases;
    }

    /// <summary>
    /// Of a decoder with the very weights that the format keeps; long enough for sliding windows, and beyond what goes at once.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    internal void Logits_token_by_token_are_those_of_one_pass_over_the_same_weights(string family, WeightFormat format)
    {
        var folder = Fixtures.Golden("families", family);
        using var golden = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        using var checkpoint = Checkpoint.Open(folder);
        using var packed = PackedWeights.Load(checkpoint, format);
        using var model = Unpacked(checkpoint, format);
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var ids_BT = golden.Ids("long.input_ids");
        var (T, V) = ((int)ids_BT.Size(1), packed.Config.VocabularySize);
        int[] ids = [.. ids_BT.Select(0, 0).ToArray<long>().Select(id => (int)id)];
        var expected = GoldenTensors.DoublesOf(model.Logits(model.Forward(ids_BT.Slice(0, 0, 1))));
        if (format == WeightFormat.Float32)
            GoldenTensors.AssertClose(golden.Doubles("long.logits").AsSpan(0, T * V), expected, 2e-4, 0, "long.logits");
        // Shorter texts turn by other factors there.
        if (packed.Config.LongAfter < T)
            GoldenTensors.DoublesOf(model.Logits(model.Forward(ids_BT.Slice(0, 0, 1).Slice(1, 0, packed.Config.LongAfter))))
                .CopyTo(expected, 0);
        foreach (var start in (int[])[1, RowDecoder.ShortPrompt, RowDecoder.ShortPrompt + 1, T / 2])
        {
            using var decoder = new RowDecoder(packed, 3, T);
            Near(decoder.Begin(1, ids.AsSpan(0, start)), start - 1);
            for (var t = start; t < T; t++)
            {
                if (decoder.IsToBegin(t + 1))
                    Near(decoder.Begin(1, ids.AsSpan(0, t + 1)), t);
                else
                {
                    decoder.Next([1], [t], [ids[t]]);
                    Near(decoder.Logits(0), t);
                }
            }
        }

        void Near(Span<float> logits, int position) => GoldenTensors.AssertClose(
            expected.AsSpan(position * V, V), Array.ConvertAll(logits.ToArray(), value => (double)value), 2e-4, 0, $"logits at {position}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    internal void Each_of_many_prompts_gets_what_it_gets_alone(string family, WeightFormat format)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, format);
        int[][] prompts = [[1], [5, 9, 5], [.. Enumerable.Range(3, 21)], [7, 7], [.. Enumerable.Range(40, 9)], [2], [1]];
        SamplingOptions Options(int prompt) =>
            prompt % 2 == 0 ? new() : new() { Temperature = 1.5, Seed = prompt, RepetitionPenalty = 1.2, TopK = 40 };
        HashSet<int> ends = [11, 30];
        var alone =
            prompts.Select((prompt, i) => Generator.Continue(packed, prompt, 5 + 6 * (i % 3) + 3, Options(i), ends).Take(14).ToArray())
            .ToArray();
        foreach (var atOnce in (int[])[1, 2, 5, 16])
        {
            var told = prompts.Select(_ => new List<int>()).ToArray();
            var together = GeneratorBatch.Continue(packed, prompts, 14, Options, ends, atOnce, (prompt, id) => told[prompt].Add(id));
            for (var i = 0; i < prompts.Length; i++)
            {
                Assert.Equal(Generator.Continue(packed, prompts[i], 14, Options(i), ends), together[i]);
                Assert.Equal(together[i], told[i]);
                Assert.Equal(alone[i], together[i].Take(alone[i].Length));
            }
        }
        Assert.Contains(alone, ids => ids.Length > 2);
    }

    [Fact]
    public void Weights_of_bfloat16_change_nothing_where_the_checkpoint_has_them()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        Assert.Equal(WeightFormat.BFloat16, PackedWeights.FormatOf(checkpoint));
        using PackedWeights half = PackedWeights.Load(checkpoint, WeightFormat.BFloat16),
            full = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        Assert.Equal(2 * half.Bytes, full.Bytes);
        SamplingOptions options = new() { Temperature = 1, Seed = 4 };
        Assert.Equal(Generator.Continue(full, [4080], 120, options), Generator.Continue(half, [4080], 120, options));
        int[] prompt = [.. Enumerable.Range(100, 40)];
        Assert.Equal(Generator.Continue(full, prompt, 40, options), Generator.Continue(half, prompt, 40, options));
    }

    [Fact]
    public void A_prompt_of_many_without_ids_is_refused_before_anything_is_written()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Int8);
        Assert.Contains("no ids", Assert.Throws<EspalierException>(() =>
            GeneratorBatch.Continue(packed, [[1], []], 3, _ => new(), onToken: (_, _) => Assert.Fail("an id was chosen"))).Message);
        Assert.Empty(GeneratorBatch.Continue(packed, [], 3, _ => new()));
        Assert.Empty(GeneratorBatch.Continue(packed, [[1]], 0, _ => new())[0]);
    }

    /// <summary>What docs/commands.md says that int8 weights cost.</summary>
    [Fact]
    public void Weights_of_int8_cost_the_bundled_teacher_less_than_a_thousandth_of_its_loss()
    {
        const int Windows = 16, Length = 256;
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var bytes = File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
        long[] ids = [.. Enumerable.Range(0, Windows * Length + 1).Select(i => (long)BitConverter.ToInt32(bytes, 4 * i))];
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        (double Loss, long[] Likeliest) Of(WeightFormat format)
        {
            using var model = Unpacked(checkpoint, format);
            var logits = model.Logits(model.Forward(Tensor.From<long>(ids.AsSpan(0, Windows * Length), Windows, Length)))
                .View(Windows * Length, -1);
            var loss = logits.TokenNll(Tensor.From<long>(ids.AsSpan(1), Windows * Length)).Mean().Item();
            return (loss,
                logits.ToArray<float>().Chunk(checkpoint.Config.VocabularySize).Select(row => (long)Array.IndexOf(row, row.Max()))
                    .ToArray());
        }

        var (full, packed) = (Of(WeightFormat.Float32), Of(WeightFormat.Int8));
        var alike = full.Likeliest.Zip(packed.Likeliest).Count(pair => pair.First == pair.Second) / (double)full.Likeliest.Length;
        Assert.True(Math.Abs(packed.Loss - full.Loss) < 1e-3 * full.Loss && alike > 0.97,
            $"loss {packed.Loss} of {full.Loss}, {alike:P1} of the likeliest ids alike");
    }

    [Fact]
    public void A_token_makes_no_garbage()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var decoder = new RowDecoder(packed, 1, 64);
        decoder.Begin(0, [4080]);
        for (var t = 1; t < 8; t++)
            decoder.Next([0], [t], [5]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var t = 8; t < 40; t++)
            decoder.Next([0], [t], [5]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Decoder Unpacked(Checkpoint checkpoint, WeightFormat format)
    {
        using var scope = TensorScope.Begin();
        return new(checkpoint.Config, [.. checkpoint.Family.Parameters(checkpoint.Config).Select(named =>
        {
            var weight = Tensor.From<float>(checkpoint.ReadFloat32(named.Name), named.Shape);
            if (weight.Dimensions < 2 || ParameterSpec.Of(named.Parameter.Role).IsConvolution)
                return KeyValuePair.Create(named.Parameter, weight.Unscoped());
            using var packed = new PackedMatrix(weight, format);
            return KeyValuePair.Create(named.Parameter, packed.Unpack().Clone().Unscoped());
        })]);
    }
}
