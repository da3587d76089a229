using Espalier.Tests;
using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>Products by our own kernel and by oneDNN against those of libtorch's own operators.</summary>
public sealed class ProductsTests : TorchTest
{
    [Theory]
    [InlineData("own")]
    [InlineData("onednn")]
    [InlineData("libtorch")]
    public void The_environment_chooses_a_library(string named)
    {
        Assert.Equal(named, Products.ValueOf(Products.Chosen(named)));
        Assert.Equal(Products.Chosen(null), Products.Chosen(""));
    }

    [Fact]
    public void A_library_that_nobody_knows_is_refused_and_not_passed_over() =>
        Assert.Contains("ESPALIER_PRODUCTS is 'mkl'; it must be own, onednn or libtorch",
            Assert.Throws<EspalierException>(() => Products.Chosen("mkl")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(4, 64, 1024)]
    [InlineData(37, 65, 129)]
    [InlineData(257, 31, 100)]
    [InlineData(1, 700, 700)] // too few rows
    [InlineData(3, 2, 5)] // too small
    [InlineData(0, 64, 64)]
    [InlineData(64, 0, 64)]
    [InlineData(64, 64, 0)]
    public void All_libraries_give_the_same_within_rounding(int rows, int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        var (x, w, bias) = (Values(1, rows, inner), Values(2, columns, inner), Values(3, 1, columns).View(columns));
        // Every third entry of a row, and one for all.
        var inSteps = Values(3, columns, 3).Transpose(0, 1).Slice(0, 1, 2).View(columns);
        var forAll = Values(3, 1, 1).Expand(1, columns).View(columns);
        Func<Tensor>[] products =
        [
            () => x.Linear(w, inSteps), () => x.Linear(w, forAll),
            () => x.Linear(w), () => x.Linear(w, bias), () => x.View(1, rows, inner).Linear(w, bias), () => x.MatMul(w.Transpose(0, 1)),
            () => x.MatMul(w.Transpose(0, 1).Contiguous()), () => x.Transpose(0, 1).MatMul(x),
            () => x.Transpose(0, 1).Contiguous().Transpose(0, 1).Linear(w),
            () => x.Unsqueeze(0).MatMul(w.Transpose(0, 1)),
        ];
        foreach (var product in products)
        {
            var other = By(ProductLibrary.Libtorch, product);
            foreach (var library in (ProductLibrary[])[ProductLibrary.Own, ProductLibrary.OneDnn])
            {
                var one = By(library, product);
                Assert.Equal(other.Shape.ToArray(), one.Shape.ToArray());
                var (a, b) = (one.ToArray<float>(), other.ToArray<float>());
                for (var i = 0; i < a.Length; i++)
                    Assert.Equal(b[i], a[i], 1e-5 * Math.Max(1, inner));
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(129, 67)]
    [InlineData(192, 512)]
    [InlineData(768, 2049)] // for several threads
    [InlineData(64, 0)]
    public void One_row_has_the_sums_of_the_general_product_at_every_width(int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        var (wide, w, bias) = (Values(1, 2, 2 * inner), Values(2, columns, inner), Values(3, 1, columns).View(columns));
        Tensor[] rows = [Values(4, 1, inner), Values(5, 1, inner).View(inner), Values(6, 1, inner).View(1, 1, inner),
            wide.Slice(0, 1, 2).Slice(1, inner, 2 * inner)];
        try
        {
            foreach (var bits in (int[])[512, 256, 128])
                foreach (var x in rows)
                {
                    Width.Bits = bits;
                    var (one, other) =
                        (By(ProductLibrary.OneDnn, () => x.Linear(w, bias)), By(ProductLibrary.Libtorch, () => x.Linear(w, bias)));
                    Assert.Equal(other.Shape.ToArray(), one.Shape.ToArray());
                    var (a, b) = (one.ToArray<float>(), other.ToArray<float>());
                    for (var i = 0; i < a.Length; i++)
                        Assert.Equal(b[i], a[i], 1e-5 * inner);
                }
        }
        finally
        {
            Width.Bits = 0;
        }
    }

    [Fact]
    public void A_gradient_that_shares_memory_with_what_it_is_added_to_is_that_of_libtorch()
    {
        const int D = 96;
        foreach (var way in Enumerable.Range(0, 4))
        {
            var (one, other) = (Gradient(ProductLibrary.Own, way), Gradient(ProductLibrary.Libtorch, way));
            for (var i = 0; i < one.Length; i++)
                Assert.Equal(other[i], one[i], 1e-3);
        }

        static float[] Gradient(ProductLibrary library, int way)
        {
            using var scope = TensorScope.Begin();
            using var use = Products.Using(library);
            var (x, w) = (Values(1, D, D), Values(2, D, D));
            w.RequiresGrad = true;
            if (way == 0)
                w.SetGrad(x);
            else
                x.Linear(w).Backward(Values(3, D, D));
            var y = way == 1 ? w.Grad()!.Linear(w) : x.Linear(w);
            y.Backward(way switch { 2 => w.Grad()!, 3 => w.Grad()!.View(D, D), _ => Values(4, D, D) });
            return w.Grad()!.ToArray<float>();
        }
    }

    [Fact]
    public void A_gradient_of_one_row_for_all_is_no_place_to_add_to()
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Values(1, 96, 96), Values(2, 96, 96));
        w.RequiresGrad = true;
        w.SetGrad(Values(3, 1, 96).Expand(96, 96));
        Assert.Throws<TorchException>(() => x.Linear(w).Backward(Values(4, 96, 96)));
    }

    [Fact]
    public void What_does_not_fit_together_is_refused_by_either()
    {
        using var scope = TensorScope.Begin();
        var (x, w, long_) = (Values(1, 256, 64), Values(2, 256, 65), Values(3, 1, 255).View(255));
        foreach (var library in Enum.GetValues<ProductLibrary>())
        {
            Assert.Throws<TorchException>(() => By(library, () => x.Linear(w)));
            Assert.Throws<TorchException>(() => By(library, () => x.MatMul(x)));
            Assert.Throws<TorchException>(() => By(library, () => x.Linear(x, long_)));
            Assert.Throws<TorchException>(() => By(library, () => x.MatMul(x.To(DType.Float64).Transpose(0, 1))));
        }
    }

    [Fact]
    public void The_same_product_has_the_same_bits_each_time()
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Values(1, 129, 257), Values(2, 130, 257));
        foreach (var library in (ProductLibrary[])[ProductLibrary.Own, ProductLibrary.OneDnn])
        {
            var first = By(library, () => x.Linear(w));
            for (var i = 0; i < 20; i++)
                Assert.True(By(library, () => x.Linear(w)).BitsEqual(first));
        }
    }

    private static Tensor By(ProductLibrary library, Func<Tensor> product)
    {
        using var use = Products.Using(library);
        return product();
    }

    private static Tensor Values(int seed, int rows, int columns)
    {
        var random = new Random(seed);
        var values = new float[rows * columns];
        for (var i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return Tensor.From<float>(values, rows, columns);
    }
}
