using Espalier.Models;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>What becomes of a pass, and of the head's gradient, where something ends too early.</summary>
public sealed class TrainingPassTests : TorchTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pass_that_is_disposed_twice_leaves_the_next_one_alone(bool checkpointing)
    {
        using var model = Model();
        model.ActivationCheckpointing = checkpointing;
        using var scope = TensorScope.Begin();
        var ids_BT = Tensor.From<long>([1, 5, 2, 7, 3, 4], 1, 6);
        var first = model.Train(ids_BT);
        var expected = first.Hidden.ToArray<float>();
        first.Dispose();
        using var second = model.Train(ids_BT);
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Hidden);
        Assert.Equal(expected, second.Hidden.ToArray<float>());
        second.Backward(second.Hidden.ZerosLike());
    }

    [Theory]
    [InlineData(ComputeType.Float32)]
    [InlineData(ComputeType.Bfloat16)]
    public void A_loss_that_throws_between_chunks_leaves_no_half_of_a_gradient(ComputeType compute)
    {
        using var model = Model();
        model.Compute = compute;
        using var scope = TensorScope.Begin();
        var hidden_ND = model.Embedding.Slice(0, 0, 40).Detach().Mul(1);
        var chunks = 0;
        ChunkLoss loss = (logits_CV, start, end) => ++chunks == 2 ? throw new EspalierException("enough")
            : (logits_CV.Widened().Sum([-1]), logits_CV.Mul(1e-2));
        Assert.Throws<EspalierException>(() => model.Head.Backward(hidden_ND, 1, 0.5, loss, chunk: 16));
        Assert.All(model.Head.Weight.Grad()!.ToArray<float>(), value => Assert.True(float.IsNaN(value)));

        model.Head.Weight.SetGrad(null);
        _ = model.Head.Backward(hidden_ND, 1, 0.5, loss, chunk: 16);
        Assert.All(model.Head.Weight.Grad()!.ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    private static Decoder Model()
    {
        var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        model.RequiresGrad = true;
        return model;
    }
}
