using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// Passes on another device than the processor. libtorch's <c>meta</c> has no memory: a step that named the processor, or a kernel that ran
/// where it must not, would mix devices or read a pointer that is not there, and both are errors. The embedding is left out: what its
/// operator is made of (<c>index_select</c>, as <c>logsumexp</c> of the token loss) has its form for <c>meta</c> in PyTorch's Python part
/// alone, which is not in libtorch.
/// </summary>
public sealed class DeviceTests : TorchTest
{
    // Libtorch's layer norm and relu have no form for meta either, and of mixtures of experts the rows follow from values.
    private static readonly string[] s_leftOut =
        ["gpt-oss", "gpt-oss-tied", "mixtral", "nemotron", "nemotron-h", "nemotron-h-tied", "olmoe", "qwen2-moe", "qwen2-moe-mixed",
            "qwen3-moe", "qwen3-moe-mixed", "qwen3-next", "qwen3-next-even", "qwen3-next-mixed", "stablelm", "starcoder2"];

    public static TheoryData<string, DType> Cases()
    {
        var cases = new TheoryData<string, DType>();
        foreach (var row in FamilyGoldenTests.Cases())
            if (row is [string family, DType dtype] && !s_leftOut.Contains(family))
                cases.Add(family, dtype);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Blocks_norm_head_and_loss_stay_on_the_models_device_forward_and_back(string family, DType dtype)
    {
        using var model = OnMeta(family, dtype);
        model.RequiresGrad = true;
        using var scope = TensorScope.Begin();
        var x_BTD = Tensor.Empty(dtype, Device.Meta, 2, 3, model.Config.HiddenSize);
        x_BTD.RequiresGrad = true;
        var targets_N = Tensor.Zeros(DType.Int64, Device.Meta, 6);

        var stream_BTD = x_BTD;
        for (var layer = 0; layer < model.Config.Layers; layer++)
            stream_BTD = model.RunBlock(layer, stream_BTD);
        var logits_BTV = model.Logits(model.FinishStream(stream_BTD));
        logits_BTV.View(6, -1).LogSoftmax(-1).Gather(-1, targets_N.Unsqueeze(-1)).Mean().Neg().Backward();

        Assert.Equal(Device.Meta, model.Device);
        Assert.Equal(Device.Meta, logits_BTV.Device);
        Assert.Equal([2, 3, model.Head.Weight.Size(0)], logits_BTV.Shape.ToArray());
        var fromBlocks = model.Parameters.Where(named => model.Config.TiedEmbeddings || named.Parameter.Role != ParameterRole.Embedding);
        foreach (var (name, value) in fromBlocks.Select(named => ($"{named.Parameter}", named.Value)).Append(("stream", x_BTD)))
        {
            var gradient = value.Grad();
            Assert.True(gradient is not null, $"no gradient for {name}");
            Assert.Equal((value.DType, Device.Meta), (gradient.DType, gradient.Device));
            Assert.Equal(value.Shape.ToArray(), gradient.Shape.ToArray());
        }
    }

    [Fact]
    public void Values_on_a_device_without_memory_cannot_be_read()
    {
        using var scope = TensorScope.Begin();
        Assert.ThrowsAny<TorchException>(() => Tensor.Empty(DType.Float32, Device.Meta, 2).ToArray<float>());
    }

    [Fact]
    public void A_tensor_is_the_same_where_it_is_already_and_a_copy_elsewhere()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<float>([1, 2], 2);

        Assert.Same(x, x.On(Device.Cpu));
        Assert.Equal(Device.Meta, x.On(Device.Meta).Device);
        Assert.Equal(("cpu", "meta", "cuda:1"), ($"{x.Device}", $"{Device.Meta}", $"{Device.Cuda(1)}"));
    }

    private static Decoder OnMeta(string family, DType dtype)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var here = DecoderWeights.Load(checkpoint, dtype);
        return new(here.Config,
            here.Parameters.Select(named => KeyValuePair.Create(named.Parameter, named.Value.On(Device.Meta).Unscoped())).ToArray());
    }
}
