using System.Diagnostics;
using System.Text.Json;
using Espalier.Compression.Training;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// <see cref="AdamW"/>, which updates one tensor after the other, against the same update by libtorch's operators over lists of tensors, on a decoder's shapes:
/// A, B, A, B, ... with the same gradients, whose results must agree bit for bit. docs/log.md has what came of it.
/// </summary>
internal static class OptimizerBenchmark
{
    private const double Rate = 1e-3, Clip = 0.5;
    private static readonly AdamWOptions Options = new();
    private static readonly Op Mul = Op.Find("aten::_foreach_mul_", "Scalar");
    private static readonly Op Add = Op.Find("aten::_foreach_add_", "Scalar");
    private static readonly Op Addcmul = Op.Find("aten::_foreach_addcmul_", "Scalar");
    private static readonly Op Addcdiv = Op.Find("aten::_foreach_addcdiv_", "Scalar");
    private static readonly Op Sqrt = Op.Find("aten::_foreach_sqrt");
    private static readonly Op? Lerp = Op.TryFind("aten::_foreach_lerp_", "Scalar"); // since libtorch 2.0

    /// <summary>Shapes of a decoder without its head.</summary>
    public static string Run(int layers, int width, int inner, int vocabulary, int pairs)
    {
        using var single = new Model(layers, width, inner, vocabulary);
        using var listed = new Model(layers, width, inner, vocabulary);
        using var optimizer = new AdamW(single.Parameters, Options);
        using var moments = new AdamW(listed.Parameters, Options);
        var clips = Enumerable.Repeat(Clip, single.Parameters.Length).ToArray();
        var lists = Lists(listed.Parameters);
        var (one, many, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var pair = 0; pair < pairs + 2; pair++)
        {
            single.NewGradients(pair);
            listed.NewGradients(pair);
            var (a, b) = pair % 2 == 0 ? (One(), Many()) : Swapped(Many(), One());
            if (pair < 2)
                continue;
            one.Add(a);
            many.Add(b);
            ratios.Add(a / b);
        }
        for (var i = 0; i < single.Parameters.Length; i++)
            if (!single.Parameters[i].Value.ToArray<float>().SequenceEqual(listed.Parameters[i].Value.ToArray<float>()))
                throw new InvalidOperationException($"parameter {i} differs");
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            tensors = single.Parameters.Length,
            parameters = single.Parameters.Sum(parameter => parameter.Value.ElementCount),
            one_by_one_ms = Math.Round(1e3 * Median(one), 3),
            lists_ms = Math.Round(1e3 * Median(many), 3),
            ratio_one_by_one_over_lists = Math.Round(Median(ratios), 3),
            same_bits = true,
        });

        double One() => Seconds(() => optimizer.Step(Rate, clips));
        double Many() => Seconds(() => ByLists(listed.Parameters, moments, lists));
    }

    /// <summary>Lists of parameters that decay alike, of 32 Ki elements at most unless one tensor has more.</summary>
    private static List<int[]> Lists(TrainedParameter[] parameters)
    {
        var lists = new List<int[]>();
        foreach (var alike in parameters.Index().GroupBy(pair => pair.Item.Decays))
        {
            var list = new List<int>();
            var elements = 0L;
            foreach (var (index, parameter) in alike)
            {
                var count = parameter.Value.ElementCount;
                if (list.Count > 0 && (elements + count > 1 << 15 || list.Count == 256))
                {
                    lists.Add([.. list]);
                    list.Clear();
                    elements = 0;
                }
                list.Add(index);
                elements += count;
            }
            lists.Add([.. list]);
        }
        return lists;
    }

    private static void ByLists(TrainedParameter[] parameters, AdamW moments, List<int[]> lists)
    {
        using var noGrad = GradMode.Disable();
        moments.Updates++;
        var (b1, b2) = (Options.Beta1, Options.Beta2);
        foreach (var list in lists)
        {
            using var scope = TensorScope.Begin();
            var w = Array.ConvertAll(list, i => parameters[i].Value);
            var g = Array.ConvertAll(list, i => parameters[i].Value.Grad()!);
            var m = Array.ConvertAll(list, i => moments.FirstMoments[i]);
            var v = Array.ConvertAll(list, i => moments.SecondMoments[i]);
            Mul.CallVoid(g, Clip);
            if (parameters[list[0]].Decays)
                Mul.CallVoid(w, 1 - Rate * Options.WeightDecay);
            if (Lerp is not null)
                Lerp.CallVoid(m, g, 1 - b1);
            else
                for (var i = 0; i < m.Length; i++)
                    m[i].LerpInPlace(g[i], 1 - b1);
            Mul.CallVoid(v, b2);
            Addcmul.CallVoid(v, g, g, 1 - b2);
            var denominators = Sqrt.CallMany(v);
            Mul.CallVoid(denominators, 1 / Math.Sqrt(1 - Math.Pow(b2, moments.Updates)));
            Add.CallVoid(denominators, Options.Epsilon);
            Addcdiv.CallVoid(w, m, denominators, -Rate / (1 - Math.Pow(b1, moments.Updates)));
        }
    }

    private static (double, double) Swapped(double a, double b) => (b, a);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Seconds(Action work)
    {
        var started = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private sealed class Model : IDisposable
    {
        public Model(int layers, int width, int inner, int vocabulary)
        {
            var shapes = new List<long[]> { new long[] { vocabulary, width } };
            for (var layer = 0; layer < layers; layer++)
                shapes.AddRange([[width], [width, width], [width / 2, width], [width / 2, width], [width, width], [width], [inner, width], [inner, width], [width, inner]]);
            shapes.Add([width]);
            Parameters = [.. shapes.Select((shape, i) => new TrainedParameter($"{i}", Tensor.Full(0.5, DType.Float32, shape).Unscoped(), shape.Length == 2))];
            foreach (var parameter in Parameters)
                parameter.Value.RequiresGrad = true;
        }

        public TrainedParameter[] Parameters { get; }

        public void NewGradients(int seed)
        {
            using var noGrad = GradMode.Disable();
            using var scope = TensorScope.Begin();
            foreach (var (i, parameter) in Parameters.Index())
                parameter.Value.SetGrad(Tensor.Arange(parameter.Value.ElementCount, DType.Float32).Mul(1e-7 * (1 + i)).Add(-0.01 * (seed % 7)).View(parameter.Value.Shape.ToArray()));
        }

        public void Dispose()
        {
            foreach (var parameter in Parameters)
            {
                parameter.Value.SetGrad(null);
                parameter.Value.Dispose();
            }
        }
    }
}
