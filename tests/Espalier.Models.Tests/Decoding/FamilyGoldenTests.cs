using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>Every family against transformers: definitions and tolerances in tests/golden/families/README.md.</summary>
public sealed class FamilyGoldenTests : TorchTest
{
    public static TheoryData<string, DType> Cases()
    {
        var cases = new TheoryData<string, DType>();
        foreach (var folder in Directory.GetDirectories(Fixtures.Golden("families")).Order())
        {
            var type = FamilyCatalogTypeOf(folder);
            if (!FamilyCatalog.All.Any(known => known.ModelType == type))
                continue;
            cases.Add(Path.GetFileName(folder), DType.Float64);
            cases.Add(Path.GetFileName(folder), DType.Float32);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_hidden_states_loss_and_gradients_are_those_of_the_reference(string family, DType dtype)
    {
        var folder = Fixtures.Golden("families", family);
        using var golden = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        using var checkpoint = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(checkpoint, dtype);
        var (absolute, relative) = dtype == DType.Float64 ? (1e-6, 1e-6) : (2e-4, 0.0);
        using var scope = TensorScope.Begin();
        var blocks = new Dictionary<string, double[]>();
        void Tap(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.Embedding)
                blocks["hidden.embed"] = GoldenTensors.DoublesOf(value);
            else if (point == TapPoint.BlockOutput)
                blocks[$"hidden.block.{layer}"] = GoldenTensors.DoublesOf(value);
        }

        model.RequiresGrad = true;
        var ids_BT = golden.Ids("input_ids").On(model.Device);
        var hidden_BTD = model.Forward(ids_BT, Tap);
        blocks["hidden.final_norm"] = GoldenTensors.DoublesOf(hidden_BTD);
        var logits_BTV = model.Logits(hidden_BTD);
        blocks["logits"] = GoldenTensors.DoublesOf(logits_BTV);
        foreach (var (name, values) in blocks)
            GoldenTensors.AssertClose(golden.Doubles(name), values, absolute, relative, name);

        var T = ids_BT.Size(1);
        var nll = logits_BTV.Slice(1, 0, T - 1).LogSoftmax(-1).Gather(-1, ids_BT.Slice(1, 1, T).Unsqueeze(-1)).Squeeze(-1).Neg();
        var loss = nll.Mean();
        var lossTolerance = dtype == DType.Float64 ? 1e-10 * golden.Scalar("loss") : 1e-5;
        Assert.Equal(golden.Scalar("loss"), loss.Item(), lossTolerance);

        loss.Backward();
        var gradients = model.Parameters.ToDictionary(pair => pair.Parameter, pair => GoldenTensors.DoublesOf(pair.Value.Grad()!));
        foreach (var tensor in checkpoint.Family.Table.Tensors(model.Config))
        {
            var name = $"grad.{tensor.Name}";
            if (!golden.Has(name))
                continue;
            double[] actual = [.. tensor.Ranges()
                .SelectMany(range => gradients[range.Part.Parameter].AsSpan((int)range.From, (int)range.Count).ToArray())];
            var expected = golden.Doubles(name);
            var largest = expected.Max(Math.Abs);
            var allowed = dtype == DType.Float64 ? 1e-6 * (1 + largest) : 1e-3 * largest;
            GoldenTensors.AssertClose(expected, actual, allowed, 0, name);
        }

        var longLogits = GoldenTensors.DoublesOf(model.Logits(model.Forward(golden.Ids("long.input_ids"))));
        GoldenTensors.AssertClose(golden.Doubles("long.logits"), longLogits, absolute, relative, "long.logits");
    }

    /// <summary>The operators of passes without gradients, at once and in two pieces after a cache.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_without_gradients_are_those_of_the_reference_too(string family, DType dtype)
    {
        var folder = Fixtures.Golden("families", family);
        using var golden = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        using var checkpoint = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(checkpoint, dtype);
        var (absolute, relative) = dtype == DType.Float64 ? (1e-6, 1e-6) : (2e-4, 0.0);
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        foreach (var (ids, expected) in new[] { ("input_ids", "logits"), ("long.input_ids", "long.logits") })
        {
            var ids_BT = golden.Ids(ids);
            var whole = GoldenTensors.DoublesOf(model.Logits(model.Forward(ids_BT)));
            GoldenTensors.AssertClose(golden.Doubles(expected), whole, absolute, relative, expected);

            // A text is taken in at once up to the length after which it turns by other factors.
            var T = ids_BT.Size(1);
            var half = model.Config.LongAfter < T ? T - 5 : T / 2;
            using var cache = new KeyValueCache(model.Config, ids_BT.Size(0), T, dtype, model.Device);
            var first = model.Logits(model.Forward(ids_BT.Slice(1, 0, half), cache: cache));
            var second = model.Logits(model.Forward(ids_BT.Slice(1, half, T), cache: cache));
            GoldenTensors.AssertClose(golden.Doubles(expected), GoldenTensors.DoublesOf(Tensor.Cat(1, first, second)), absolute, relative,
                $"{expected} in two pieces");
        }
    }

    private static string FamilyCatalogTypeOf(string folder) =>
        JsonFile.Read(Path.Combine(folder, "config.json"))["model_type"]!.GetValue<string>();
}
