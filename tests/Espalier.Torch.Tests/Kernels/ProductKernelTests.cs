using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>Our kernel of large products against sums in float64, in the middle of memory that nobody may touch.</summary>
public abstract class ProductKernelTests(int bits) : KernelTest(bits)
{
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 3, 5, 7 }, { 8, 32, 256 }, { 64, 64, 64 }, { 65, 33, 257 }, { 130, 97, 300 }, { 100, 40, 768 }, { 7, 300, 20 },
        { 257, 31, 1025 }, { 300, 290, 129 }, { 260, 520, 1100 }, { 512, 16, 3 }, { 0, 64, 64 }, { 64, 0, 64 }, { 64, 64, 0 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void Every_way_to_lie_gives_the_sums(int rows, int columns, int depth)
    {
        var (a, b) = (Values(1, rows * depth), Values(2, depth * columns));
        foreach (var turnedA in (bool[])[false, true])
            foreach (var turnedB in (bool[])[false, true])
                foreach (var begins in Enum.GetValues<Begins>())
                    Check(a, b, rows, columns, depth, turnedA, turnedB, begins);
    }

    // With 300 rows that are turned, three threads pack less at once than one and two do.
    [Theory]
    [InlineData(700, false)]
    [InlineData(700, true)]
    [InlineData(300, true)]
    public void The_bits_do_not_depend_on_the_threads_or_on_the_rows_beside(int rows, bool turned)
    {
        const int Columns = 200, Depth = 600, Some = 93;
        var (a, b) = (Values(1, rows * Depth), Values(2, Depth * Columns));
        Twins.AssertThreadsDoNotShow(() => Product(a, b, rows, Columns, Depth, turned, true, null));
        float[] beside = turned ? [.. Enumerable.Range(0, Depth).SelectMany(k => a[(k * rows)..(k * rows + Some)])] : a[..(Some * Depth)];
        Assert.Equal(Product(a, b, rows, Columns, Depth, turned, true, null)[..(Some * Columns)],
            Product(beside, b, Some, Columns, Depth, turned, true, null));
    }

    [Fact]
    public void What_is_not_a_number_stays_so()
    {
        var (a, b) = (Values(1, 40 * 50), Values(2, 50 * 60));
        a[3 * 50 + 4] = float.NaN;
        b[7 * 60 + 8] = float.PositiveInfinity;
        var c = Product(a, b, 40, 60, 50, false, false, null);
        for (var i = 0; i < 40; i++)
            for (var j = 0; j < 60; j++)
                Assert.Equal(i != 3 && j != 8, float.IsFinite(c[i * 60 + j]));
    }

    private static void Check(float[] a, float[] b, int rows, int columns, int depth, bool turnedA, bool turnedB, Begins begins)
    {
        var begin = begins switch { Begins.Sum => Values(3, rows * columns), Begins.Bias => Values(4, columns), _ => null };
        var c = Product(a, b, rows, columns, depth, turnedA, turnedB, begin, begins);
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
            {
                var sum = begins switch { Begins.Sum => begin![i * columns + j], Begins.Bias => begin![j], _ => 0.0 };
                for (var k = 0; k < depth; k++)
                    sum += (double)(turnedA ? a[k * rows + i] : a[i * depth + k]) * (turnedB ? b[j * depth + k] : b[k * columns + j]);
                Assert.Equal(sum, c[i * columns + j], 1e-5 * Math.Max(1, Math.Sqrt(depth)));
            }
    }

    private static unsafe float[] Product(
        float[] a, float[] b, int rows, int columns, int depth, bool turnedA, bool turnedB, float[]? begin, Begins begins = Begins.Nothing)
    {
        using var scope = TensorScope.Begin();
        using var c = Operand.Result(DType.Float32, rows, columns);
        var to = new Span<float>(c.Floats, rows * columns);
        to.Fill(float.NaN);
        if (begins == Begins.Sum)
            begin.CopyTo(to);
        fixed (float* left = a, right = b, bias = begin)
        {
            var job = new ProductJob
            {
                A = left,
                ARow = turnedA ? 1 : depth,
                ADepth = turnedA ? rows : 1,
                B = right,
                BDepth = turnedB ? 1 : columns,
                BColumn = turnedB ? depth : 1,
                C = c.Floats,
                CRow = columns,
                Rows = rows,
                Columns = columns,
                Depth = depth,
            };
            if (begins != Begins.Nothing)
            {
                job.Begin = begins == Begins.Sum ? c.Floats : bias;
                job.BeginRow = begins == Begins.Sum ? columns : 0;
            }
            ProductKernel.Run(ref job);
        }
        return to.ToArray();
    }

    private static float[] Values(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private enum Begins
    {
        Nothing,
        Sum,
        Bias,
    }
}

public sealed class ProductKernelTests512() : ProductKernelTests(512);

public sealed class ProductKernelTests256() : ProductKernelTests(256);

public sealed class ProductKernelTests128() : ProductKernelTests(128);
