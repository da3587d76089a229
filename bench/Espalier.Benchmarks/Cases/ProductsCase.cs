using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Benchmarks;

/// <summary>
/// Products of float32 by our own kernel against oneDNN, in the shapes of layers and heads: x wᵀ of the forward pass, and the gradients
/// g w and gᵀ x. A subject is "layers" or "heads".
/// </summary>
internal static class ProductsCase
{
    // Operations of a side in one turn, so that a turn is some milliseconds long.
    private const double Turn = 4e9;

    public static string[] Subjects { get; } = ["layers", "heads"];

    public static IEnumerable<Row> Run(CaseInput input)
    {
        if (!Products.Has(ProductLibrary.OneDnn))
            throw new NotMeasuredException("this libtorch has no oneDNN");
        TorchRuntime.Start(input.Threads);
        return Shapes(input.Subject).SelectMany(shape => Of(input, shape.Rows, shape.Width, shape.Outputs));
    }

    private static Row[] Of(CaseInput input, long rows, long width, long outputs)
    {
        using var noGradient = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (x, w) = (Values(1, rows, width), Values(2, outputs, width));
        var g = x.Linear(w);
        // Added to what is there, as a training does.
        var sum = w.ZerosLike();
        Tensor Sum()
        {
            if (!sum.TryWriteProduct(g.Transpose(0, 1), x, adds: true))
                sum.AddInPlace(ProductRules.OfWeight(g, x));
            return sum;
        }
        var operations = 2.0 * rows * width * outputs;
        return
        [
            Compare(input, $"x wᵀ, {rows} x {width} x {outputs}", () => x.Linear(w), operations),
            Compare(input, $"g w, {rows} x {outputs} x {width}", () => g.MatMul(w), operations),
            Compare(input, $"gᵀ x, {outputs} x {rows} x {width}", Sum, operations, sum.ZeroInPlace),
        ];
    }

    private static (long Rows, long Width, long Outputs)[] Shapes(string subject) => subject == "layers"
        ? [(2048, 256, 256), (512, 256, 768), (512, 768, 256), (512, 192, 192), (512, 192, 512), (2048, 576, 1536), (2048, 1536, 576)]
        : [(256, 192, 32000), (128, 192, 32000), (256, 512, 49152)];

    private static Row Compare(CaseInput input, string name, Func<Tensor> product, double operations, Action? begin = null)
    {
        begin?.Invoke();
        var own = By(ProductLibrary.Own, product).ToArray<float>();
        begin?.Invoke();
        var other = By(ProductLibrary.OneDnn, product).ToArray<float>();
        var largest = other.Max(MathF.Abs);
        for (var i = 0; i < own.Length; i++)
            if (!(Math.Abs(own[i] - other[i]) <= 1e-5 * largest))
                throw new InvalidOperationException($"no parity, {name}: {own[i]} and {other[i]}");
        var times = Math.Max(1, (int)(Turn / operations));
        var pairs = Pairs.Measure(input.Pairs, 1, () => Many(ProductLibrary.Own), () => Many(ProductLibrary.OneDnn));
        var rate = FormattableString.Invariant($"{operations * times / 1e9 / pairs.Own.Min(cost => cost.Processor):0} GFLOP/s at best");
        return pairs.OtherOverOwn(input, "oneDNN / own", null, rate) with { Case = name };

        Cost Many(ProductLibrary library)
        {
            using var use = Products.Using(library);
            return Cost.Of(() =>
            {
                for (var i = 0; i < times; i++)
                {
                    using var scope = TensorScope.Begin();
                    _ = product();
                }
            });
        }
    }

    private static Tensor By(ProductLibrary library, Func<Tensor> product)
    {
        using var use = Products.Using(library);
        return product();
    }

    private static Tensor Values(int seed, long rows, long columns)
    {
        var random = new Random(seed);
        var values = new float[rows * columns];
        for (var i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return Tensor.From<float>(values, rows, columns);
    }
}
