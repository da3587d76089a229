namespace Espalier.Torch;

/// <summary>The operators that the typed methods of <see cref="Tensor"/> call; every libtorch since 1.13 has them.</summary>
internal static class Ops
{
    public static readonly Op Detach = Op.Find("aten::detach");
    public static readonly Op To = Op.Find("aten::_to_copy");
    public static readonly Op Clone = Op.Find("aten::clone");
    public static readonly Op Contiguous = Op.Find("aten::contiguous");
    public static readonly Op Add = Op.Find("aten::add", "Tensor");
    public static readonly Op AddScalar = Op.Find("aten::add", "Scalar");
    public static readonly Op Sub = Op.Find("aten::sub", "Tensor");
    public static readonly Op Mul = Op.Find("aten::mul", "Tensor");
    public static readonly Op MulScalar = Op.Find("aten::mul", "Scalar");
    public static readonly Op Div = Op.Find("aten::div", "Tensor");
    public static readonly Op DivScalar = Op.Find("aten::div", "Scalar");
    public static readonly Op Neg = Op.Find("aten::neg");
    public static readonly Op Exp = Op.Find("aten::exp");
    public static readonly Op Log = Op.Find("aten::log");
    public static readonly Op Sqrt = Op.Find("aten::sqrt");
    public static readonly Op Rsqrt = Op.Find("aten::rsqrt");
    public static readonly Op Abs = Op.Find("aten::abs");
    public static readonly Op Square = Op.Find("aten::square");
    public static readonly Op Silu = Op.Find("aten::silu");
    public static readonly Op Relu = Op.Find("aten::relu");
    public static readonly Op IsFinite = Op.Find("aten::isfinite");
    public static readonly Op MatMul = Op.Find("aten::matmul");
    public static readonly Op Linear = Op.Find("aten::linear");
    public static readonly Op Softmax = Op.Find("aten::softmax", "int");
    public static readonly Op LogSoftmax = Op.Find("aten::log_softmax", "int");
    public static readonly Op LogAddExp = Op.Find("aten::logaddexp");
    public static readonly Op LogSumExp = Op.Find("aten::logsumexp");
    public static readonly Op MaskedFill = Op.Find("aten::masked_fill", "Scalar");
    public static readonly Op Embedding = Op.Find("aten::embedding");
    public static readonly Op LayerNorm = Op.Find("aten::layer_norm");
    public static readonly Op AddIn = Op.Find("aten::add_", "Tensor");
    public static readonly Op AddInScalar = Op.Find("aten::add_", "Scalar");
    public static readonly Op SubIn = Op.Find("aten::sub_", "Tensor");
    public static readonly Op MulIn = Op.Find("aten::mul_", "Tensor");
    public static readonly Op MulInScalar = Op.Find("aten::mul_", "Scalar");
    public static readonly Op DivIn = Op.Find("aten::div_", "Tensor");
    public static readonly Op ZeroIn = Op.Find("aten::zero_");
    public static readonly Op FillIn = Op.Find("aten::fill_", "Scalar");
    public static readonly Op CopyIn = Op.Find("aten::copy_");
    public static readonly Op ExpIn = Op.Find("aten::exp_");
    public static readonly Op SqrtIn = Op.Find("aten::sqrt_");
    public static readonly Op AddcmulIn = Op.Find("aten::addcmul_");
    public static readonly Op AddcdivIn = Op.Find("aten::addcdiv_");
    public static readonly Op LerpIn = Op.Find("aten::lerp_", "Scalar");
    public static readonly Op AddmmIn = Op.Find("aten::addmm_");
    public static readonly Op IndexAddIn = Op.Find("aten::index_add_");
    public static readonly Op ScatterAddIn = Op.Find("aten::scatter_add_");
    public static readonly Op ScatterFillIn = Op.Find("aten::scatter_", "value");
    public static readonly Op MaskedFillIn = Op.Find("aten::masked_fill_", "Scalar");
    public static readonly Op View = Op.Find("aten::view");
    public static readonly Op Reshape = Op.Find("aten::reshape");
    public static readonly Op Transpose = Op.Find("aten::transpose", "int");
    public static readonly Op Permute = Op.Find("aten::permute");
    public static readonly Op Unsqueeze = Op.Find("aten::unsqueeze");
    public static readonly Op Squeeze = Op.Find("aten::squeeze", "dim");
    public static readonly Op Expand = Op.Find("aten::expand");
    public static readonly Op Slice = Op.Find("aten::slice", "Tensor");
    public static readonly Op Select = Op.Find("aten::select", "int");
    public static readonly Op IndexSelect = Op.Find("aten::index_select");
    public static readonly Op Gather = Op.Find("aten::gather");
    public static readonly Op Cat = Op.Find("aten::cat");
    public static readonly Op Stack = Op.Find("aten::stack");
    public static readonly Op Tril = Op.Find("aten::tril");
    public static readonly Op Triu = Op.Find("aten::triu");
    public static readonly Op Sum = Op.Find("aten::sum");
    public static readonly Op SumDims = Op.Find("aten::sum", "dim_IntList");
    public static readonly Op Mean = Op.Find("aten::mean");
    public static readonly Op MeanDims = Op.Find("aten::mean", "dim");
    public static readonly Op Max = Op.Find("aten::max");
    public static readonly Op ArgMax = Op.Find("aten::argmax");
    public static readonly Op Norm = Op.Find("aten::linalg_vector_norm");
    public static readonly Op All = Op.Find("aten::all");
    public static readonly Op TopK = Op.Find("aten::topk");
    public static readonly Op Sort = Op.Find("aten::sort");
    public static readonly Op CumSum = Op.Find("aten::cumsum");
    public static readonly Op Equal = Op.Find("aten::equal");
    public static readonly Op Empty = Op.Find("aten::empty", "memory_format");
    public static readonly Op Zeros = Op.Find("aten::zeros");
    public static readonly Op Full = Op.Find("aten::full");
    public static readonly Op Arange = Op.Find("aten::arange", "start_step");
    public static readonly Op ZerosLike = Op.Find("aten::zeros_like");
    public static readonly Op EmptyLike = Op.Find("aten::empty_like");
    public static readonly Op Item = Op.Find("aten::item");
    public static readonly Op ViewAs = Op.Find("aten::view", "dtype");
    public static readonly Op Less = Op.Find("aten::lt", "Scalar");
    public static readonly Op LessOrEqual = Op.Find("aten::le", "Scalar");

    /// <summary>Ours; null where the native library was built without it.</summary>
    public static readonly Op? UnitSums = Op.TryFind("espalier::unit_sums");

    /// <summary>Ours; null where the native library was built without it.</summary>
    public static readonly Op? RowNorms = Op.TryFind("espalier::row_norms");

    /// <summary>Ours; null where the native library was built without it.</summary>
    public static readonly Op? RowCosines = Op.TryFind("espalier::row_cosines");
}
