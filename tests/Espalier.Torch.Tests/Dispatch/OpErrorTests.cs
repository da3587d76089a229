using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Dispatch;

/// <summary>What a wrong call of an operator says; the base class sees that nothing stays alive.</summary>
public sealed class OpErrorTests : TorchTest
{
    private const string Neg = "aten::neg(Tensor self) -> Tensor";
    private const string Cat = "aten::cat(Tensor[] tensors, int dim=0) -> Tensor";
    private const string Equal = "aten::equal(Tensor self, Tensor other) -> bool";
    private const string Zeros =
        "aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor";
    private const string Empty = "aten::empty.memory_format(SymInt[] size, *, " +
        "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> "
            + "Tensor";

    private static readonly long[] s_two = [2];

    public static IEnumerable<object[]> WrongCalls => new TheoryData<string, Argument[], string>
    {
        { Neg, [], "argument 'self' has no default" },
        { Neg, [Argument.None], "argument 'self' is none" },
        { Neg, [1], "argument 'self' is 1 and should be Tensor" },
        { Neg, [true], "argument 'self' is true" },
        { Zeros, [3], "argument 'size' is 3 and should be SymInt[]" },
        { Zeros, [s_two, 0.5], "argument 'dtype' is 0.5" },
        { Zeros, [s_two, Device.Cpu], "argument 'dtype' is cpu" },
        { Zeros, [s_two, DType.Float32, Argument.Default, 7], "argument 'device' is 7 and should be Device?" },
        { Zeros, [s_two, DType.Float32, Argument.Default, Device.Cpu, 1], "argument 'pin_memory' is 1" },
        { Zeros, [s_two, (DType)999], "argument 'dtype' is 999, which is not a ScalarType" },
        { Zeros, [s_two, (DType)(-1)], "argument 'dtype' is -1" },
        { Cat, [s_two], "argument 'tensors' is [2]" },
        { Cat, [new Tensor?[] { null }], "has no tensor at place 0: a tensor is null" },
        { Zeros, [new long[] { -1 }], "size = [-1]" },
        { Zeros, [new long[] { 1L << 62 }], "" },
        { Zeros, [new long[] { 1L << 62, 1L << 62 }], "" },
        { Zeros, [new long[] { long.MinValue }], "" },
        { Empty, [new long[] { 1L << 60 }, DType.UInt8], "" },
    };

    [Theory]
    [MemberData(nameof(WrongCalls), DisableDiscoveryEnumeration = true)]
    internal void Wrong_call_is_refused_with_a_sentence(string schema, Argument[] arguments, string sentence)
    {
        var e = Assert.Throws<TorchException>(() => new Op(schema).Call(arguments));
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception raised from", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_operator_is_named()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        var e = Assert.Throws<TorchException>(() => new Op("aten::no_such_operator(int dim=0) -> Tensor").Call());
        Assert.Contains("aten::no_such_operator", e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("aten::neg")]
    [InlineData("aten::neg(Tensor self)")]
    [InlineData("aten::neg(Tenser self) -> Tensor")]
    [InlineData("aten::neg(Tensor self=?) -> Tensor")]
    [InlineData("aten::rand.generator(SymInt[] size, *, Generator? generator) -> Tensor")]
    [InlineData("aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]")]
    [InlineData("aten::mul.Scalar(Tensor self, Scalar other) -> Tensor")]
    public void What_is_no_schema_or_cannot_be_called_is_refused(string schema) => Assert.Throws<FormatException>(() => new Op(schema));

    [Fact]
    public void Too_many_arguments_are_counted()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        Assert.Contains("takes 1 arguments but was given 2", Assert.Throws<TorchException>(() => new Op(Neg).Call(x, x)).Message);
        var many = Enumerable.Repeat<Argument>(x, 2_000_000).ToArray();
        Assert.Contains("was given 2000000", Assert.Throws<TorchException>(() => new Op(Neg).Call(many)).Message);
    }

    [Fact]
    public void Result_of_another_kind_is_refused()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        Assert.Contains(Equal, Assert.Throws<FormatException>(() => new Op(Equal)).Message);
        Assert.Contains("gives more than one tensor", Assert.Throws<TorchException>(() => Ops.TopK.Call(x, 1)).Message);
    }

    [Fact]
    public void Shapes_and_indices_out_of_range_are_errors_that_name_operator_and_shapes()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Zeros(DType.Float32, 4, 3);
        var far = Tensor.From<long>([0, 4_000_000_000], 2);
        Assert.Contains(
            "aten::matmul does not accept these arguments together: self = Float32 [4, 3], other = Float32 [4, 3]",
            Assert.Throws<TorchException>(() => x.MatMul(x)).Message);
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
