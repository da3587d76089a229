using Espalier.Tests;

namespace Espalier.Torch.Tests;

/// <summary>What a wrong call of an operator says; the base class sees that nothing stays alive.</summary>
public sealed class OpErrorTests : TorchTest
{
    private static readonly long[] Two = [2];

    public static TheoryData<string, string, Argument[], string> WrongCalls => new()
    {
        { "aten::neg", "", [], "argument 'self' has no default" },
        { "aten::neg", "", [Argument.None], "argument 'self' is none" },
        { "aten::neg", "", [1], "argument 'self' is an integer" },
        { "aten::neg", "", [true], "argument 'self' is a bool" },
        { "aten::zeros", "", [3], "argument 'size' is an integer" },
        { "aten::zeros", "", [new double[] { 3 }], "argument 'size' is a list of numbers" },
        { "aten::zeros", "", [Two, 0.5], "argument 'dtype' is a number" },
        { "aten::zeros", "", [Two, "float"], "argument 'dtype' is a string" },
        { "aten::zeros", "", [Two, DType.Float32, Argument.Default, 7], "argument 'device' is an integer" },
        { "aten::zeros", "", [Two, DType.Float32, Argument.Default, "cpu", 1], "argument 'pin_memory' is an integer" },
        { "aten::zeros", "", [Two, DType.Float32, Argument.Default, "no such device"], "device" },
        { "aten::zeros", "", [Two, (DType)999], "argument 'dtype' is 999, which is not a ScalarType" },
        { "aten::zeros", "", [Two, (DType)(-1)], "argument 'dtype' is -1" },
        { "aten::zeros", "", [Two, DType.Float32, 77], "argument 'layout' is 77" },
        { "aten::empty", "memory_format", [Two, DType.Float32, Argument.Default, "cpu", false, 99], "argument 'memory_format' is 99" },
        { "aten::cat", "", [Two], "argument 'tensors' is a list of integers" },
        { "aten::cat", "", [new Tensor?[] { null }], "tensor is null" },
        { "aten::einsum", "", [1.0, Array.Empty<Tensor>()], "argument 'equation' is a number" },
        { "aten::zeros", "", [new long[] { -1 }], "negative" },
        { "aten::zeros", "", [new long[] { 1L << 62 }], "" },
        { "aten::zeros", "", [new long[] { 1L << 62, 1L << 62 }], "" },
        { "aten::zeros", "", [new long[] { long.MinValue }], "" },
        { "aten::empty", "memory_format", [new long[] { 1L << 46 }, DType.UInt8], "" },
    };

    [Theory]
    [MemberData(nameof(WrongCalls), DisableDiscoveryEnumeration = true)]
    public void Wrong_call_is_refused_with_a_sentence(string name, string overload, Argument[] arguments, string sentence)
    {
        var e = Assert.Throws<TorchException>(() => Op.Find(name, overload).Call(arguments));
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception raised from", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_operator_is_named()
    {
        Assert.Null(Op.TryFind("aten::no_such_operator"));
        Assert.Null(Op.TryFind("", ""));
        Assert.Null(Op.TryFind("aten::add", "NoSuchOverload"));
        Assert.Contains("aten::add.NoSuchOverload", Assert.Throws<TorchException>(() => Op.Find("aten::add", "NoSuchOverload")).Message);
    }

    [Fact]
    public void Too_many_arguments_are_counted()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        Assert.Contains("takes 1 arguments and was given 2", Assert.Throws<TorchException>(() => Op.Find("aten::neg").Call(x, x)).Message);
        var many = Enumerable.Repeat<Argument>(x, 2_000_000).ToArray();
        Assert.Contains("given 2000000 arguments", Assert.Throws<TorchException>(() => Op.Find("aten::neg").Call(many)).Message);
    }

    [Fact]
    public void More_results_than_room_are_an_error_that_frees_them()
    {
        using var x = Tensor.Zeros(DType.Float32, 300);
        Assert.Contains("gives 2 results and there is room for 1", Assert.Throws<TorchException>(() => Op.Find("aten::topk").Call(x, 3)).Message);
        Assert.Contains("gives 300 results and there is room for 256", Assert.Throws<TorchException>(() => Op.Find("aten::unbind", "int").CallMany(x)).Message);
    }

    [Fact]
    public void Result_of_another_kind_is_refused()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        using var one = x.Sum();
        Assert.Contains("does not give one tensor", Assert.Throws<TorchException>(() => Op.Find("aten::equal").Call(x, x)).Message);
        Assert.Contains("does not give tensors alone", Assert.Throws<TorchException>(() => Op.Find("aten::equal").CallMany(x, x)).Message);
        Assert.Contains("does not give an integer", Assert.Throws<TorchException>(() => Op.Find("aten::neg").CallInteger(x)).Message);
        Assert.Contains("does not give an integer", Assert.Throws<TorchException>(() => Op.Find("aten::item").CallInteger(one)).Message);
        Assert.Contains("does not give a number", Assert.Throws<TorchException>(() => Op.Find("aten::neg").CallNumber(x)).Message);
    }

    [Fact]
    public void Result_that_the_binding_does_not_carry_is_refused()
    {
        const int complex128 = 10;
        using var x = Tensor.Zeros((DType)complex128, 1);
        var e = Assert.Throws<TorchException>(() => x.Item());
        Assert.Contains("does not carry", e.Message);
    }

    [Fact]
    public void Shapes_and_indices_out_of_range_are_libtorchs_own_errors()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Zeros(DType.Float32, 4, 3);
        var far = Tensor.From<long>([0, 4_000_000_000], 2);
        Assert.Contains("4x3 and 4x3", Assert.Throws<TorchException>(() => x.MatMul(x)).Message);
        Assert.Throws<TorchException>(() => x.IndexSelect(0, far));
        Assert.Throws<TorchException>(() => x.Embedding(far));
        Assert.Throws<TorchException>(() => x.Gather(0, far.Unsqueeze(0)));
        Assert.Throws<TorchException>(() => x.IndexAddInPlace(0, far, Tensor.Zeros(DType.Float32, 2, 3)));
        Assert.Throws<TorchException>(() => x.Clone().ScatterAddInPlace(0, far.Unsqueeze(0), Tensor.Zeros(DType.Float32, 1, 2)));
        Assert.Throws<TorchException>(() => x.View(5));
        Assert.Throws<TorchException>(() => x.Select(0, 4));
        Assert.Throws<TorchException>(() => x.Softmax(2));
        Assert.Throws<TorchException>(() => x.Expand(1L << 62, 4, -5));
        Assert.Throws<TorchException>(() => Tensor.Arange(long.MaxValue, DType.Float32));
        Assert.Throws<TorchException>(() => Tensor.Cat(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Size(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Size(-3));
    }
}
