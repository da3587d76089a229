using Espalier.Torch.Gradients;

namespace Espalier.Torch;

/// <summary>
/// The operators that the typed methods of <see cref="Tensor"/> call, each with how gradient goes through it; schemas as libtorch has them
/// since 2.10.
/// </summary>
internal static class Ops
{
    public static readonly Op To = Op.Of(
        "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor").With(ElementRules.Same);
    public static readonly Op Clone = Op.Of(
        "aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor").With(ElementRules.Same);
    public static readonly Op Contiguous = Op.Of(
        "aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)").With(ElementRules.Same);
    public static readonly Op Add = Op.Of(
        "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", ScalarForms.AddTensor).With(ElementRules.Add);
    public static readonly Op AddScalar = Op.Of(
        "aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", ScalarForms.AddScalar).With(ElementRules.AddScalar);
    public static readonly Op Sub = Op.Of(
        "aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", ScalarForms.SubTensor).With(ElementRules.Sub);
    public static readonly Op Mul = Op.Of("aten::mul.Tensor(Tensor self, Tensor other) -> Tensor").With(ElementRules.Mul);
    public static readonly Op MulScalar = Op.Of(
        "aten::mul.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.MulScalar).With(ElementRules.MulScalar);
    public static readonly Op Div = Op.Of("aten::div.Tensor(Tensor self, Tensor other) -> Tensor").With(ElementRules.Div);
    public static readonly Op DivScalar = Op.Of(
        "aten::div.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.DivScalar).With(ElementRules.DivScalar);
    public static readonly Op Neg = Op.Of("aten::neg(Tensor self) -> Tensor").With(ElementRules.Neg);
    public static readonly Op Exp = Op.Of("aten::exp(Tensor self) -> Tensor").With(ElementRules.Exp);
    public static readonly Op Log = Op.Of("aten::log(Tensor self) -> Tensor").With(ElementRules.Log);
    public static readonly Op Sqrt = Op.Of("aten::sqrt(Tensor self) -> Tensor").With(ElementRules.Sqrt);
    public static readonly Op Rsqrt = Op.Of("aten::rsqrt(Tensor self) -> Tensor").With(ElementRules.Rsqrt);
    public static readonly Op Abs = Op.Of("aten::abs(Tensor self) -> Tensor").With(ElementRules.Abs);
    public static readonly Op Square = Op.Of("aten::square(Tensor self) -> Tensor").With(ElementRules.Square);
    public static readonly Op Tanh = Op.Of("aten::tanh(Tensor self) -> Tensor").With(ElementRules.Tanh);
    public static readonly Op Silu = Op.Of("aten::silu(Tensor self) -> Tensor").With(ElementRules.Silu);
    public static readonly Op Relu = Op.Of("aten::relu(Tensor self) -> Tensor").With(ElementRules.Relu);
    public static readonly Op IsFinite = Op.Of("aten::isfinite(Tensor self) -> Tensor").With(Rule.None);
    public static readonly Op MatMul = Op.Of(
        "aten::matmul(Tensor self, Tensor other) -> Tensor", Products.MatMul).With(ProductRules.MatMul);
    public static readonly Op Linear = Op.Of(
        "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", Products.Linear).With(ProductRules.Linear);
    public static readonly Op Attention = Op.Of(
        "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, " +
        "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor").With(Rule.Below);
    public static readonly Op FlashAttention = Op.Of(
        "aten::_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, " +
        "SymInt max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, float? scale=None, SymInt? window_size_left=None, " +
        "SymInt? window_size_right=None, Tensor? seqused_k=None, Tensor? alibi_slopes=None) -> (Tensor output, Tensor softmax_logsumexp, " +
        "Tensor rng_state, Tensor unused, Tensor debug_attn_mask)").With(Rule.Below);
    public static readonly Op FusedRmsNorm = Op.Of(
        "aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)").With(Rule.Below);
    public static readonly Op Softmax = Op.Of(
        "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor").With(ReductionRules.Softmax);
    public static readonly Op LogSoftmax = Op.Of(
        "aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor").With(ReductionRules.LogSoftmax);
    public static readonly Op LogAddExp = Op.Of("aten::logaddexp(Tensor self, Tensor other) -> Tensor").With(ElementRules.LogAddExp);
    public static readonly Op LogSumExp = Op.Of(
        "aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor").With(ReductionRules.LogSumExp);
    public static readonly Op MaskedFill = Op.Of(
        "aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", ScalarForms.MaskedFill).With(ElementRules.MaskedFill);
    public static readonly Op Embedding = Op.Of(
        "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, " +
        "bool sparse=False) -> Tensor").With(ShapeRules.Embedding);
    public static readonly Op NativeLayerNorm = Op.Of(
        "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, " +
        "float eps) -> (Tensor, Tensor, Tensor)").With(Rule.Below);
    public static readonly Op AddIn = Op.Of(
        "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", ScalarForms.AddIn).With(Rule.ShiftsInPlace);
    public static readonly Op AddInScalar = Op.Of(
        "aten::add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", ScalarForms.AddInScalar).With(Rule.ShiftsInPlace);
    public static readonly Op SubIn = Op.Of(
        "aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", ScalarForms.SubIn).With(Rule.ShiftsInPlace);
    public static readonly Op MulIn = Op.Of("aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op MulInScalar = Op.Of(
        "aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", ScalarForms.MulInScalar).With(Rule.Writes);
    public static readonly Op DivIn = Op.Of("aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op ZeroIn = Op.Of("aten::zero_(Tensor(a!) self) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op FillIn = Op.Of(
        "aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", ScalarForms.FillIn).With(Rule.Writes);
    public static readonly Op CopyIn = Op.Of(
        "aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op ExpIn = Op.Of("aten::exp_(Tensor(a!) self) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op SqrtIn = Op.Of("aten::sqrt_(Tensor(a!) self) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op AddcmulIn = Op.Of(
        "aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        ScalarForms.AddcmulIn).With(Rule.Writes);
    public static readonly Op AddcdivIn = Op.Of(
        "aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        ScalarForms.AddcdivIn).With(Rule.Writes);
    public static readonly Op LerpIn = Op.Of(
        "aten::lerp_.Scalar(Tensor(a!) self, Tensor end, Scalar weight) -> Tensor(a!)", ScalarForms.LerpIn).With(Rule.Writes);
    public static readonly Op AddmmIn = Op.Of(
        "aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)",
        ScalarForms.AddmmIn).With(Rule.Writes);
    public static readonly Op FusedAdamW = Op.Of(
        "aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, " +
        "Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, " +
        "bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()").With(Rule.Writes);
    public static readonly Op IndexAddIn = Op.Of(
        "aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)",
        ScalarForms.IndexAddIn).With(Rule.Writes);
    public static readonly Op ScatterAddIn = Op.Of(
        "aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)").With(Rule.Writes);
    public static readonly Op ScatterFillIn = Op.Of(
        "aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)",
        ScalarForms.ScatterFillIn).With(Rule.Writes);
    public static readonly Op MaskedFillIn = Op.Of(
        "aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)", ScalarForms.MaskedFillIn).With(Rule.Writes);
    public static readonly Op View = Op.Of("aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)").With(ShapeRules.Reshape);
    public static readonly Op Reshape = Op.Of("aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)").With(ShapeRules.Reshape);
    public static readonly Op Transpose = Op.Of(
        "aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)").With(ShapeRules.Transpose);
    public static readonly Op Permute = Op.Of("aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)").With(ShapeRules.Permute);
    public static readonly Op Unsqueeze = Op.Of("aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)").With(ShapeRules.Reshape);
    public static readonly Op Squeeze = Op.Of("aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)").With(ShapeRules.Reshape);
    public static readonly Op Expand = Op.Of(
        "aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)").With(ShapeRules.Expand);
    public static readonly Op Slice = Op.Of(
        "aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, " +
        "SymInt step=1) -> Tensor(a)").With(ShapeRules.Slice);
    public static readonly Op Select = Op.Of(
        "aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)").With(ShapeRules.Select);
    public static readonly Op IndexSelect = Op.Of(
        "aten::index_select(Tensor self, int dim, Tensor index) -> Tensor").With(ShapeRules.IndexSelect);
    public static readonly Op Gather = Op.Of(
        "aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor").With(ShapeRules.Gather);
    public static readonly Op Cat = Op.Of("aten::cat(Tensor[] tensors, int dim=0) -> Tensor").With(ShapeRules.Cat);
    public static readonly Op Stack = Op.Of("aten::stack(Tensor[] tensors, int dim=0) -> Tensor").With(ShapeRules.Stack);
    public static readonly Op Tril = Op.Of("aten::tril(Tensor self, SymInt diagonal=0) -> Tensor").With(ShapeRules.Tril);
    public static readonly Op Triu = Op.Of("aten::triu(Tensor self, SymInt diagonal=0) -> Tensor").With(ShapeRules.Triu);
    public static readonly Op Sum = Op.Of("aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor").With(ReductionRules.Sum);
    public static readonly Op SumDims = Op.Of(
        "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
        .With(ReductionRules.SumDims);
    public static readonly Op Mean = Op.Of("aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor").With(ReductionRules.Mean);
    public static readonly Op MeanDims = Op.Of(
        "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor").With(ReductionRules.MeanDims);
    public static readonly Op Max = Op.Of("aten::max(Tensor self) -> Tensor").With(ReductionRules.Max);
    public static readonly Op ArgMax = Op.Of("aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor").With(Rule.None);
    public static readonly Op Norm = Op.Of(
        "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, " +
        "ScalarType? dtype=None) -> Tensor", ScalarForms.Norm).With(ReductionRules.Norm);
    public static readonly Op All = Op.Of("aten::all(Tensor self) -> Tensor").With(Rule.None);
    public static readonly Op TopK = Op.Of(
        "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, " +
        "Tensor indices)").With(ShapeRules.TopK);
    public static readonly Op Sort = Op.Of(
        "aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)").With(ShapeRules.Sort);
    public static readonly Op CumSum = Op.Of(
        "aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor").With(ReductionRules.CumSum);
    public static readonly Op Equal = Op.Of("aten::equal(Tensor self, Tensor other) -> bool").With(Rule.None);
    public static readonly Op Empty = Op.Of(
        "aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor").With(Rule.None);
    public static readonly Op Zeros = Op.Of(
        "aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None) -> Tensor").With(Rule.None);
    public static readonly Op ZerosLike = Op.Of(
        "aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor").With(Rule.None);
    public static readonly Op OnesLike = Op.Of(
        "aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor").With(Rule.None);
    public static readonly Op EmptyLike = Op.Of(
        "aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor").With(Rule.None);
    public static readonly Op ViewAs = Op.Of("aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)").With(Rule.None);
    public static readonly Op Less = Op.Of("aten::lt.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.LessScalar).With(Rule.None);
    public static readonly Op LessOrEqual = Op.Of(
        "aten::le.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.LessOrEqualScalar).With(Rule.None);
}
