using System.Reflection;
using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>
/// Each backward against central differences in float64, over odd shapes, broadcast ones, sizes 0 and 1, and inputs that are strided views;
/// on the device of <c>ESPALIER_DEVICE</c>.
/// </summary>
public sealed class GradientRuleTests : TorchTest
{
    private static readonly Func<Tensor, Tensor> s_positive = x => x.Square().Add(0.5);

    /// <summary>What is called, by the name of its operator where it is one of the table's, and the shapes of its inputs.</summary>
    private static readonly (string Name, Func<Tensor[], Tensor> Call, string Shapes)[] s_cases =
    [
        ("Add", x => x[0].Add(x[1], 0.7), "3,5 3,5|2,3,5 5|3,1 1,5|4 |0,5 5|1 1"),
        ("AddScalar", x => x[0].Add(1.5), "3,5|0|"),
        ("Sub", x => x[0].Sub(x[1]), "3,5 3,5|5 2,3,5|3,1 1,5|0,5 1"),
        ("Mul", x => x[0].Mul(x[1]), "3,5 3,5|2,3,5 5|3,1 1,5|4 |0,5 5"),
        ("MulScalar", x => x[0].Mul(-1.5), "3,5|0"),
        ("Div", x => x[0].Div(s_positive(x[1])), "3,5 3,5|5 2,3,5|3,1 1,5|0,5 5"),
        ("DivScalar", x => x[0].Div(-1.5), "3,5|0"),
        ("Neg", x => x[0].Neg(), "7|0"),
        ("Exp", x => x[0].Exp(), "7|0,3"),
        ("Log", x => s_positive(x[0]).Log(), "7|0,3"),
        ("Sqrt", x => s_positive(x[0]).Sqrt(), "7|0,3"),
        ("Rsqrt", x => s_positive(x[0]).Rsqrt(), "7|0,3"),
        ("Abs", x => x[0].Abs(), "7,3|0"),
        ("Square", x => x[0].Square(), "7,3|0"),
        ("Silu", x => x[0].Silu(), "7,3|0"),
        ("Tanh", x => x[0].Tanh(), "7,3|0"),
        ("Capped", x => x[0].Capped(0.7), "7,3|0"),
        ("Relu", x => x[0].Relu(), "7,3|0"),
        ("LogAddExp", x => x[0].LogAddExp(x[1]), "3,5 3,5|2,3,1 5|0 1"),
        ("MaskedFill", x => x[0].MaskedFill(Tensor.Arange(5, DType.Float64).On(TorchRuntime.Device).Less(2), 3), "3,5|1|0,5"),
        ("To", x => x[0].To(DType.Float64), "3,5"),
        ("Clone", x => x[0].Clone(), "3,5"),
        ("Contiguous", x => x[0].Contiguous(), "3,5"),
        ("MatMul", x => x[0].MatMul(x[1]), "3,5 5,2|2,3,5 5,4|2,1,3,5 4,5,2|3,5 2,5,4|0,5 5,2|3,0 0,2|2,0,5 5,3|1,1 1,1"),
        ("MatMul", x => x[0].MatMul(x[1]), "5 5|5 5,3|3,5 5|2,3,5 5|5 2,5,3"),
        ("Linear", x => x[0].Linear(x[1], x.Length > 2 ? x[2] : null), "3,5 2,5|2,3,5 4,5 4|5 4,5 4|2,1,3,5 1,5 1"),
        ("Linear", x => x[0].Linear(x[1], x.Length > 2 ? x[2] : null), "0,5 2,5 2|2,0,5 3,5|3,0 2,0"),
        ("Softmax", x => x[0].Softmax(-1), "3,5|2,1|0,5"),
        ("Softmax", x => x[0].Softmax(0), "3,5|4"),
        ("LogSoftmax", x => x[0].LogSoftmax(-1), "3,5|2,1|0,5"),
        ("LogSoftmax", x => x[0].LogSoftmax(1), "2,3,5"),
        ("LogSumExp", x => x[0].LogSumExp(-1), "3,5|2,1|0,5"),
        ("LogSumExp", x => x[0].LogSumExp(0, keep: true), "3,5"),
        ("Embedding", x => x[0].Embedding(Ids([0, 6, 6, 2, 0, 0], 2, 3)), "7,5|7,1"),
        ("View", x => x[0].Contiguous().View(5, -1), "3,5|1,5"),
        ("Reshape", x => x[0].Reshape(-1), "3,5|2,3,5"),
        ("Transpose", x => x[0].Transpose(0, -1), "3,5|2,3,5|0,4"),
        ("Permute", x => x[0].Permute(2, 0, -2), "2,3,5|0,3,1"),
        ("Unsqueeze", x => x[0].Unsqueeze(-1), "3,5|0|"),
        ("Squeeze", x => x[0].Squeeze(1), "3,1,5|3,5"),
        ("Expand", x => x[0].Expand(2, 3, 5), "3,5|3,1|1,3,1|5"),
        ("Slice", x => x[0].Slice(1, 1, 4), "3,5|0,6|2,1,3"),
        ("Slice", x => x[0].Slice(-1, -2, 100), "3,5"),
        ("Select", x => x[0].Select(1, -1), "3,5|2,1,3|0,2"),
        ("IndexSelect", x => x[0].IndexSelect(1, Ids([2, 0, 2], 3)), "2,3|2,3,4|0,3"),
        ("Gather", x => x[0].Gather(-1, Ids([2, 0, 2, 1], 2, 2)), "2,3|3,4"),
        ("Cat", x => Tensor.Cat(1, x), "2,3 2,1 2,4|3,2 3,0|0,2 0,3|0 2,3"),
        ("Stack", x => Tensor.Stack(-1, x), "2,3 2,3 2,3|0 0"),
        ("Triu", x => x[0].Triu(-1), "4,5|2,3,3"),
        ("Sum", x => x[0].Sum(), "3,5|0|"),
        ("Sum", x => x[0].Sum(DType.Float64), "3,5"),
        ("Sum", x => x[0].Sum([0, -1]), "2,3,5|0,3"),
        ("Sum", x => x[0].Sum([1], keep: true, DType.Float64), "2,3,5"),
        ("Mean", x => x[0].Mean(), "3,5|1"),
        ("Mean", x => x[0].Mean([-1], keep: true), "2,3,5"),
        ("Mean", x => x[0].Mean([0, 1]), "2,3,5"),
        ("Norm", x => x[0].Norm(), "3,5"),
        ("Norm", x => x[0].Norm([-1]), "3,5|0,2"),
        ("Norm", x => x[0].Norm([0], keep: true), "3,5"),
        ("TopK", x => x[0].TopK(2).Values, "3,5"),
        ("Sort", x => x[0].Sort(0, descending: true).Values, "5,3"),
        ("CumSum", x => x[0].CumSum(1), "3,5|0,2"),
        ("LayerNorm", x => x[0].LayerNorm(x[1], x[2], 1e-3), "2,3,5 5 5|3,7 7 7|0,4 4 4"),
        ("RmsNorm", x => x[0].RmsNorm(x[1], 1e-3), "2,3,5 5|3,1 1|0,4 4"),
        ("Rotate", x => x[0].Rotate(x[1], x[2]), "2,3,2,6 3,1,3 3,1,3|2,3,1,7 2,3,1,2 2,3,1,2|1,1,1,2 1,1,1 1,1,1"),
        ("SiluMul", x => x[0].SiluMul(x[1]), "3,5 3,5|0 0|1 1"),
        ("GeluMul", x => x[0].GeluMul(x[1]), "3,5 3,5|0 0|1 1"),
        ("TokenNll", x => x[0].TokenNll(Ids([4, 0, 4], 3)), "3,5"),
        ("DeltaScan", x => Delta(x, null), "2,5,3 2,5,3 2,5,8 2,5,4 2,5,4 4 4|1,1,3 1,1,3 1,1,8 1,1,4 1,1,4 4 4"),
        ("DeltaScan", x => Delta(x, Ids([0, 0, 2, 2, 2], 1, 5)), "1,5,3 1,5,3 1,5,8 1,5,4 1,5,4 4 4"),
    ];

    public static TheoryData<int, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<int, string, string>();
            for (var i = 0; i < s_cases.Length; i++)
                foreach (var shapes in s_cases[i].Shapes.Split('|'))
                    cases.Add(i, s_cases[i].Name, shapes);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_the_differences(int index, string name, string shapes)
    {
        Assert.Equal(s_cases[index].Name, name);
        long[] Parse(string shape) => [.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
        var sizes = shapes.Split(' ').Select(Parse).ToArray();
        // Each input once as it is, and once as a strided view of something larger.
        for (var strided = 0; strided <= 1; strided++)
            Check(s_cases[index].Call, [.. sizes.Select((size, i) => Values(i + 1, size))], sizes, strided == 1);
    }

    [Fact]
    public void Every_operator_of_the_table_has_a_rule_and_every_derivative_a_case_here()
    {
        OperatorRules.Give();
        var table = new[] { typeof(Ops), typeof(MemoryOps) }.SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Select(field => (field.Name, Op: (Op)field.GetValue(null)!)).ToArray();
        Assert.All(table, entry => Assert.True(entry.Op.Rule is not null, $"{entry.Name} has no rule"));
        var differentiable = table.Where(entry => entry.Op.Rule is DerivativeRule).Select(entry => entry.Name);
        Assert.Empty(differentiable.Except(s_cases.Select(c => c.Name)));
        // What keeps values from gradients must say so, and nothing that rewrites memory may be differentiable.
        var writing = table.Where(entry => entry.Op.Schema.Contains("(a!)", StringComparison.Ordinal)).ToArray();
        Assert.True(writing.Length > 10);
        Assert.All(writing, entry => Assert.True(entry.Op.Rule!.Refuses, entry.Name));
    }

    [Theory]
    [InlineData(DType.Float16, 1e-3)]
    [InlineData(DType.BFloat16, 1e-2)]
    public void Casts_take_gradients_back_to_the_inputs_type(DType dtype, double tolerance)
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Of(1, 3, 5).To(DType.Float32), Of(2, 5).To(DType.Float32));
        (x.RequiresGrad, w.RequiresGrad) = (true, true);
        x.To(dtype).Mul(w.To(dtype)).To(DType.Float32).Sum().Backward();
        Assert.Equal((DType.Float32, DType.Float32), (x.Grad()!.DType, w.Grad()!.DType));
        Near(w, x.Grad()!.Select(0, 1), tolerance);
        Near(x.Sum([0]), w.Grad()!, 3 * tolerance);
        Assert.False(x.To(DType.Int64).RequiresGrad);

        static void Near(Tensor expected, Tensor actual, double within) => Assert.All(
            expected.ToArray<float>().Zip(actual.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, within));
    }

    [Fact]
    public void What_is_put_together_of_several_types_gives_each_a_gradient_of_its_own()
    {
        using var scope = TensorScope.Begin();
        var (x, narrow) = (Of(1, 3, 5).To(DType.Float32), Of(2, 3, 5).To(DType.BFloat16));
        foreach (var put in new Func<Tensor[], Tensor>[] { parts => Tensor.Cat(1, parts), parts => Tensor.Stack(0, parts) })
        {
            (x.RequiresGrad, narrow.RequiresGrad) = (true, true);
            put([x, narrow]).Square().Sum().Backward();
            Assert.Equal((DType.Float32, DType.BFloat16), (x.Grad()!.DType, narrow.Grad()!.DType));
            Assert.True(narrow.Grad()!.BitsEqual(narrow.Mul(2)));
            x.SetGrad(null);
            narrow.SetGrad(null);
        }
        // A head of which a part turns, as Nemotron's.
        var (cos, sin) = (Of(3, 3, 1, 2).To(DType.Float32), Of(4, 3, 1, 2).To(DType.Float32));
        var heads = Of(5, 1, 3, 2, 7).To(DType.BFloat16);
        heads.RequiresGrad = true;
        heads.RotateByParts(cos, sin).Sum().Backward();
        Assert.Equal(DType.BFloat16, heads.Grad()!.DType);
    }

    // Four value heads of two channels and one key head of three.
    private static Tensor Delta(Tensor[] x, Tensor? begins) =>
        DeltaOperators.DeltaScan(new(x[0], x[1], x[2], x[3], x[4], x[5], x[6], begins), new(4, 2, 1, 3));

    private static void Check(Func<Tensor[], Tensor> call, double[][] values, long[][] sizes, bool strided)
    {
        using var scope = TensorScope.Begin();
        var leaves = values.Select((v, i) => Tensor.From<double>(v, sizes[i]).On(TorchRuntime.Device)).ToArray();
        foreach (var leaf in leaves)
            leaf.RequiresGrad = true;
        var y = call([.. leaves.Select(x => strided ? Strided(x) : x)]);
        Assert.True(y.RequiresGrad);
        var seed = Of(99, y.Shape.ToArray());
        y.Backward(strided ? Strided(seed) : seed);

        using var noGrad = GradMode.Disable();
        const double step = 1e-6;
        for (var i = 0; i < leaves.Length; i++)
        {
            var gradient = leaves[i].Grad()!;
            Assert.Equal(sizes[i], gradient.Shape.ToArray());
            var actual = gradient.ToArray<double>();
            for (var j = 0; j < actual.Length; j++)
            {
                var difference = (Value(i, j, step) - Value(i, j, -step)) / (2 * step);
                var isNear = Math.Abs(difference - actual[j]) <= 1e-7 * (1 + Math.Abs(difference));
                Assert.True(isNear, $"input {i}, element {j}: {actual[j]} is not {difference}");
            }
        }

        double Value(int input, int element, double by)
        {
            using var inner = TensorScope.Begin();
            var moved = (double[])values[input].Clone();
            moved[element] += by;
            return call([.. values.Select((v, k) => Tensor.From<double>(k == input ? moved : v, sizes[k]).On(TorchRuntime.Device))])
                .Mul(seed).Sum().Item();
        }
    }

    // Every second element of something larger.
    private static Tensor Strided(Tensor x) => Tensor.Stack(-1, x, x.Detach()).Select(-1, 0);

    private static Tensor Of(int seed, params long[] shape) => Tensor.From<double>(Values(seed, shape), shape).On(TorchRuntime.Device);

    private static Tensor Ids(long[] ids, params long[] shape) => Tensor.From<long>(ids, shape).On(TorchRuntime.Device);

    private static double[] Values(int seed, params long[] shape)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => 2 * random.NextDouble() - 1)];
    }
}
