using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>Documents packed into one row, each of which must not know of the others.</summary>
public sealed class DocumentLayoutTests : TorchTest
{
    private static readonly long[] s_first = [3, 17, 5, 90, 41, 8, 2], s_second = [60, 7, 7, 33, 12];

    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("mistral")]
    [InlineData("nemotron")]
    [InlineData("nemotron-h")]
    [InlineData("qwen3-5")]
    [InlineData("gpt-oss")]
    public void Packed_documents_have_the_logits_of_each_alone(string family)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        double[] alone = [.. Logits(model, s_first, null), .. Logits(model, s_second, null)];

        var packed = Logits(model, [.. s_first, .. s_second], [.. Places(s_first), .. Places(s_second)]);
        GoldenTensors.AssertClose(alone, packed, 1e-12, 1e-12, "logits");

        // It can fail: the second document sees the first where nothing separates them.
        var crossed = Logits(model, [.. s_first, .. s_second], null);
        Assert.True(crossed[^1] != alone[^1] && Math.Abs(crossed[^1] - alone[^1]) > 1e-6);
    }

    [Fact]
    public void Rows_may_break_at_different_places()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. s_first, .. s_second, .. s_second, .. s_first], 2, 12);
        var both =
            GoldenTensors.DoublesOf(
                model.Logits(
                    model.Forward(ids, places: [.. Places(s_first), .. Places(s_second), .. Places(s_second), .. Places(s_first)])));
        double[] alone = [.. Logits(model, s_first, null), .. Logits(model, s_second, null), .. Logits(model, s_second, null),
            .. Logits(model, s_first, null)];
        GoldenTensors.AssertClose(alone, both, 1e-12, 1e-12, "logits");
    }

    [Fact]
    public void One_document_is_a_plain_row()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        GoldenTensors.AssertClose(Logits(model, s_first, null), Logits(model, s_first, Places(s_first)), 1e-12, 1e-12, "logits");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_a_packed_row_are_the_sum_of_the_documents(bool checkpointing)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        model.RequiresGrad = true;
        model.ActivationCheckpointing = checkpointing;
        using var scope = TensorScope.Begin();
        Step(s_first, null);
        Step(s_second, null);
        var apart = model.Parameters.Select(p => p.Value.Grad() is { } gradient ? GoldenTensors.DoublesOf(gradient) : []).ToArray();
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);
        Step([.. s_first, .. s_second], [.. Places(s_first), .. Places(s_second)]);
        foreach (var (expected, (parameter, value)) in apart.Zip(model.Parameters))
            if (value.Grad() is { } gradient)
                GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(gradient), 1e-11 * expected.Max(Math.Abs), 0,
                    parameter.ToString());
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);

        void Step(long[] ids, long[]? places)
        {
            using var pass = model.Train(Tensor.From<long>(ids, 1, ids.Length), null, places);
            pass.Backward(pass.Hidden.Mul(0.1));
        }
    }

    [Fact]
    public void Places_that_skip_are_refused()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        Assert.Throws<ArgumentException>(() => Logits(model, s_first, [0, 1, 3, 4, 5, 6, 7]));
        Assert.Throws<ArgumentException>(() => Logits(model, s_first, [1, 2, 3, 4, 5, 6, 7]));
    }

    private static long[] Places(long[] document) => [.. Enumerable.Range(0, document.Length).Select(i => (long)i)];

    private static double[] Logits(Decoder model, long[] ids, long[]? places)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return GoldenTensors.DoublesOf(model.Logits(model.Forward(Tensor.From<long>(ids, 1, ids.Length), places: places)));
    }
}
