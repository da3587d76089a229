using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Which library multiplies float32 matrices.</summary>
internal enum ProductLibrary
{
    /// <summary>Our own kernel, and oneDNN for what it does not take.</summary>
    Own,

    /// <summary>oneDNN, by the function that PyTorch's compiler calls.</summary>
    OneDnn,

    /// <summary>What libtorch's own operators take: MKL in the published builds.</summary>
    Libtorch,
}

/// <summary>
/// Products of float32 matrices on the processor. Where kernels have the machine's widest vectors our own takes them
/// (<see cref="OwnProducts"/>), elsewhere oneDNN; libtorch's own operators take MKL, which on AMD runs a path of half the speed. Which one
/// is a rule and no measurement in each run: two runs must give the same bits. <c>ESPALIER_PRODUCTS</c> says otherwise; <c>doctor</c>
/// measures all. bfloat16 goes to oneDNN, which takes transposed views as they are. Other types, other devices and what is too small to
/// gain go through the dispatcher; one row without a gradient goes to <see cref="Kernels.Products.RowProductKernel"/>.
/// </summary>
internal static unsafe class Products
{
    /// <summary>Environment variable that chooses: <c>own</c>, <c>onednn</c> or <c>libtorch</c>.</summary>
    public const string Variable = "ESPALIER_PRODUCTS";

    // A call of oneDNN looks its code up by shape, which costs some microseconds.
    private const long LeastRows = 4, LeastFlops = 200_000;

    private static ProductLibrary? s_library;

    /// <summary>What multiplies.</summary>
    /// <exception cref="EspalierException"><see cref="Variable"/> names none of them, or one that this libtorch lacks.</exception>
    public static ProductLibrary Library
    {
        get => s_library ??= Chosen(Environment.GetEnvironmentVariable(Variable));
        private set => s_library = value;
    }

    /// <summary>Whether this libtorch can multiply by it.</summary>
    public static bool Has(ProductLibrary library) => library != ProductLibrary.OneDnn || Libtorch.LinearPointwise != null;

    /// <summary>What <see cref="Variable"/> calls a library.</summary>
    public static string ValueOf(ProductLibrary library) => library.ToString().ToLowerInvariant();

    /// <summary>Uses another library until the result is disposed; for measurements, while nobody else computes.</summary>
    public static IDisposable Using(ProductLibrary library) => new Switch(library);

    internal static nint? Linear(ReadOnlySpan<Argument> a)
    {
        var (x, w) = (a[0].Held, a[1].Held);
        if (!IsOurs(x, w, turned: false) || !Bias(a[2], w, out var bias))
            return null;
        return Library == ProductLibrary.Own && OwnProducts.Takes(x, w) ? OwnProducts.Multiply(x, w, turned: false, bias)
            : Libtorch.LinearPointwise != null ? OneDnn(x, w, bias) : null;
    }

    internal static nint? MatMul(ReadOnlySpan<Argument> a)
    {
        var (x, y) = (a[0].Held, a[1].Held);
        if (!IsOurs(x, y, turned: true))
            return null;
        if (Library == ProductLibrary.Own && OwnProducts.Takes(x, y))
            return OwnProducts.Multiply(x, y, turned: true, 0);
        if (Libtorch.LinearPointwise == null)
            return null;
        var w = Turned(y);
        // What lies turned on the left is copied by oneDNN's function in libtorch, on one thread.
        try
        {
            using var inOrder = LiesTurned(x) ? TurnedBack((Tensor)a[0].Reference!) : null;
            return OneDnn(inOrder?.Pointer ?? x, w, 0);
        }
        finally
        {
            _ = Libtorch.DeleteTensor(w);
        }
    }

    internal static ProductLibrary Chosen(string? named) => named switch
    {
        "libtorch" => ProductLibrary.Libtorch,
        "own" => ProductLibrary.Own,
        "onednn" => Has(ProductLibrary.OneDnn) ? ProductLibrary.OneDnn
            : throw new EspalierException($"{Variable}=onednn: this libtorch has no oneDNN to call; use own or libtorch"),
        not (null or "") => throw new EspalierException($"{Variable} is '{named}'; it must be own, onednn or libtorch"),
        // Where .NET takes half of the vectors that the machine has, oneDNN takes them whole.
        _ when Vector512.IsHardwareAccelerated || (Vector256.IsHardwareAccelerated && !Avx512F.IsSupported) => ProductLibrary.Own,
        _ => Has(ProductLibrary.OneDnn) ? ProductLibrary.OneDnn : ProductLibrary.Libtorch,
    };

    private static nint OneDnn(nint x, nint w, nint bias)
    {
        nint product;
        double* noScalars = null;
        ComputeThread.MakeReady();
        using var hold = SignalHold.Begin();
        fixed (byte* none = "none\0"u8)
        {
            var noAlgorithm = none + 4;
            var status = Libtorch.LinearPointwise(x, w, bias == 0 ? null : &bias, none, &noScalars, 0, &noAlgorithm, &product);
            return status == 0 ? product : Op.Refused;
        }
    }

    /// <summary>
    /// Whether oneDNN takes x [..., K] times w [N, K] (turned: [K, N]). What fits together badly is left to the dispatcher, to be refused
    /// there.
    /// </summary>
    private static bool IsOurs(nint x, nint w, bool turned)
    {
        if (Library == ProductLibrary.Libtorch)
            return false;
        var left = TensorFacts.Sizes(x);
        var right = TensorFacts.Sizes(w);
        if (left.Length < 2 || right.Length != 2)
            return false;
        var (n, k) = turned ? (right[1], right[0]) : (right[0], right[1]);
        var rows = TensorFacts.Elements(x) / Math.Max(1, left[^1]);
        return left[^1] == k && rows >= LeastRows && n > 0 && k > 0 && rows * n * k >= LeastFlops
            && TensorFacts.ElementType(x) is var type && TensorFacts.ElementType(w) == type
            && (type == DType.Float32 || (type == DType.BFloat16 && Avx512BW.IsSupported))
            && TensorFacts.IsOnCpu(x) && TensorFacts.IsOnCpu(w);
    }

    private static bool Bias(in Argument argument, nint w, out nint bias)
    {
        bias = argument.Reference is Tensor tensor ? tensor.Pointer : 0;
        // Neither reads a bias in steps: oneDNN takes what lies beside it.
        return bias == 0
            || (TensorFacts.IsContiguous(bias) && TensorFacts.Sizes(bias) is [var length] && length == TensorFacts.Sizes(w)[0]
                && TensorFacts.ElementType(bias) == TensorFacts.ElementType(w) && TensorFacts.IsOnCpu(bias));
    }

    /// <summary>Whether a matrix is a turned view of one whose elements lie in rows.</summary>
    private static bool LiesTurned(nint x) =>
        TensorFacts.Sizes(x) is [> 1, > 1] && TensorFacts.Strides(x) is [1, > 1];

    private static Tensor TurnedBack(Tensor x)
    {
        using var noGrad = GradMode.Disable();
        using var rows = x.Transpose(0, 1);
        return rows.Turned();
    }

    // A view of a matrix, which libtorch never refuses.
    private static nint Turned(nint matrix) => Ops.Transpose.Run(Words.Lend(matrix), 0, 1);

    private sealed class Switch : IDisposable
    {
        private readonly ProductLibrary _before = Library;

        public Switch(ProductLibrary library) => Library = Has(library) ? library : _before;

        public void Dispose() => Library = _before;
    }
}
