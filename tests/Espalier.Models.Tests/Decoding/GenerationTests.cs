using Espalier.Models.Generation;
using Espalier.Models.Generation.Sampling;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

public sealed class GenerationTests : TorchTest
{
    [Fact]
    public void Greedy_ids_with_a_cache_are_those_of_the_reference()
    {
        var folder = Fixtures.Golden("families", "llama-3.1");
        using var golden = new GoldenTensors(Path.Combine(folder, "generate.safetensors"));
        using var model = GoldenTensors.Load(folder, DType.Float64);
        int[] prompt = [.. golden.Longs("prompt").Select(id => (int)id)];
        var ids = Generator.Continue(model, prompt, 40, new());
        Assert.Equal(golden.Longs("sequence").Skip(8).Select(id => (int)id), ids);
    }

    [Fact]
    public void The_bundled_teacher_writes_the_reference_text()
    {
        var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("quickstart-teacher", "golden.json"))).RootElement;
        int[] expected = [.. golden.GetProperty("greedy_200_from_bos").EnumerateArray().Select(id => id.GetInt32())];
        using var model = GoldenTensors.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), DType.Float32);
        Assert.Equal(expected[1..], Generator.Continue(model, [expected[0]], expected.Length - 1, new()));
    }

    [Fact]
    public void The_bundled_teachers_logits_are_those_of_the_reference()
    {
        using var golden = new GoldenTensors(Fixtures.Golden("quickstart-teacher", "logits64.safetensors"));
        using var model = GoldenTensors.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), DType.Float32);
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var bytes = File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
        long[] ids = [.. Enumerable.Range(0, 64).Select(i => (long)BitConverter.ToInt32(bytes, 4 * i))];
        var logits = model.Logits(model.Forward(Tensor.From<long>(ids, 1, 64)));
        GoldenTensors.AssertClose(golden.Doubles("logits"), GoldenTensors.DoublesOf(logits), 1e-4, 0, "logits");
    }

    [Fact]
    public void Sampling_repeats_with_its_seed_and_differs_with_another()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "llama-3.1"), DType.Float32);
        int[] Sample(int seed) => [.. Generator.Continue(model, [1, 2, 3], 30, new() { Temperature = 1, Seed = seed })];
        Assert.Equal(Sample(1), Sample(1));
        Assert.NotEqual(Sample(1), Sample(2));
    }

    [Theory]
    [InlineData(1.3)]
    [InlineData(0.7)]
    public void The_repetition_penalty_divides_or_multiplies_what_stands_in_prompt_and_text(double penalty)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "llama-3.1"), DType.Float32);
        List<int> text = [5, 9, 5];
        for (var i = 0; i < 20; i++)
        {
            var logits = LastLogits(model, text);
            foreach (var id in text.Distinct())
                logits[id] = logits[id] < 0 ? logits[id] * (float)penalty : logits[id] / (float)penalty;
            text.Add(Array.IndexOf(logits, logits.Max()));
        }

        Assert.Equal(text[3..], Generator.Continue(model, [5, 9, 5], 20, new() { RepetitionPenalty = penalty }));
        Assert.NotEqual(text[3..], Generator.Continue(model, [5, 9, 5], 20, new()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(1e-46)]
    [InlineData(1e300)]
    public void A_penalty_that_is_none_is_refused(double penalty) =>
        Assert.Contains("repetition-penalty is",
            Assert.Throws<EspalierException>(() => new SamplingOptions { RepetitionPenalty = penalty }.Validate()).Message);

    private static float[] LastLogits(Decoder model, List<int> ids)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var hidden_1TD = model.Forward(Tensor.From<long>([.. ids.Select(id => (long)id)], 1, ids.Count));
        return model.Logits(hidden_1TD.Select(1, ids.Count - 1)).ToArray<float>();
    }

    [Fact]
    public void Prompts_that_cannot_work_are_refused_with_both_numbers()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "llama-3.1"), DType.Float32);
        Assert.Contains("id 128 at position 0", Assert.Throws<EspalierException>(() => Generator.Continue(model, [128], 1, new())).Message);
        Assert.Contains("no ids", Assert.Throws<EspalierException>(() => Generator.Continue(model, [], 1, new())).Message);
    }
}
