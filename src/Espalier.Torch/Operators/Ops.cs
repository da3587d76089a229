using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Operators;

/// <summary>
/// The operators that the typed methods of tensors call, beside those of <see cref="MemoryOps"/>; schemas as libtorch has them since 2.10.
/// How gradient goes through each stands in <see cref="Gradients"/>.
/// </summary>
internal static class Ops
{
    public static readonly Op To = Op.Of(
        "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Clone = Op.Of(
        "aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Add = Op.Of(
        "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", ScalarForms.AddTensor);
    public static readonly Op AddScalar = Op.Of(
        "aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", ScalarForms.AddScalar);
    public static readonly Op Sub = Op.Of(
        "aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", ScalarForms.SubTensor);
    public static readonly Op Mul = Op.Of("aten::mul.Tensor(Tensor self, Tensor other) -> Tensor");
    public static readonly Op MulScalar = Op.Of(
        "aten::mul.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.MulScalar);
    public static readonly Op Div = Op.Of("aten::div.Tensor(Tensor self, Tensor other) -> Tensor");
    public static readonly Op DivScalar = Op.Of(
        "aten::div.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.DivScalar);
    public static readonly Op Neg = Op.Of("aten::neg(Tensor self) -> Tensor");
    public static readonly Op Exp = Op.Of("aten::exp(Tensor self) -> Tensor");
    public static readonly Op Log = Op.Of("aten::log(Tensor self) -> Tensor");
    public static readonly Op Sqrt = Op.Of("aten::sqrt(Tensor self) -> Tensor");
    public static readonly Op Rsqrt = Op.Of("aten::rsqrt(Tensor self) -> Tensor");
    public static readonly Op Abs = Op.Of("aten::abs(Tensor self) -> Tensor");
    public static readonly Op Square = Op.Of("aten::square(Tensor self) -> Tensor");
    public static readonly Op Tanh = Op.Of("aten::tanh(Tensor self) -> Tensor");
    public static readonly Op Silu = Op.Of("aten::silu(Tensor self) -> Tensor");
    public static readonly Op Relu = Op.Of("aten::relu(Tensor self) -> Tensor");
    public static readonly Op IsFinite = Op.Of("aten::isfinite(Tensor self) -> Tensor");
    public static readonly Op MatMul = Op.Of(
        "aten::matmul(Tensor self, Tensor other) -> Tensor", Products.MatMul);
    public static readonly Op Linear = Op.Of(
        "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", Products.Linear);
    public static readonly Op Attention = Op.Of(
        "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, " +
        "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor");
    public static readonly Op FlashAttention = Op.Of(
        "aten::_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, " +
        "SymInt max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, float? scale=None, SymInt? window_size_left=None, " +
        "SymInt? window_size_right=None, Tensor? seqused_k=None, Tensor? alibi_slopes=None) -> (Tensor output, Tensor softmax_logsumexp, " +
        "Tensor rng_state, Tensor unused, Tensor debug_attn_mask)");
    public static readonly Op FusedRmsNorm = Op.Of(
        "aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)");
    public static readonly Op Softmax = Op.Of(
        "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor");
    public static readonly Op LogSoftmax = Op.Of(
        "aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor");
    public static readonly Op LogAddExp = Op.Of("aten::logaddexp(Tensor self, Tensor other) -> Tensor");
    public static readonly Op LogSumExp = Op.Of(
        "aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor");
    public static readonly Op MaskedFill = Op.Of(
        "aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", ScalarForms.MaskedFill);
    public static readonly Op Embedding = Op.Of(
        "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, " +
        "bool sparse=False) -> Tensor");
    public static readonly Op NativeLayerNorm = Op.Of(
        "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, " +
        "float eps) -> (Tensor, Tensor, Tensor)");
    public static readonly Op AddIn = Op.Of(
        "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", ScalarForms.AddIn);
    public static readonly Op AddInScalar = Op.Of(
        "aten::add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", ScalarForms.AddInScalar);
    public static readonly Op SubIn = Op.Of(
        "aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", ScalarForms.SubIn);
    public static readonly Op MulIn = Op.Of("aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)");
    public static readonly Op MulInScalar = Op.Of(
        "aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", ScalarForms.MulInScalar);
    public static readonly Op DivIn = Op.Of("aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)");
    public static readonly Op ZeroIn = Op.Of("aten::zero_(Tensor(a!) self) -> Tensor(a!)");
    public static readonly Op FillIn = Op.Of(
        "aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", ScalarForms.FillIn);
    public static readonly Op CopyIn = Op.Of(
        "aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)");
    public static readonly Op ExpIn = Op.Of("aten::exp_(Tensor(a!) self) -> Tensor(a!)");
    public static readonly Op SqrtIn = Op.Of("aten::sqrt_(Tensor(a!) self) -> Tensor(a!)");
    public static readonly Op AddcmulIn = Op.Of(
        "aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        ScalarForms.AddcmulIn);
    public static readonly Op AddcdivIn = Op.Of(
        "aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        ScalarForms.AddcdivIn);
    public static readonly Op LerpIn = Op.Of(
        "aten::lerp_.Scalar(Tensor(a!) self, Tensor end, Scalar weight) -> Tensor(a!)", ScalarForms.LerpIn);
    public static readonly Op AddmmIn = Op.Of(
        "aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)",
        ScalarForms.AddmmIn);
    public static readonly Op FusedAdamW = Op.Of(
        "aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, " +
        "Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, " +
        "bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()");
    public static readonly Op IndexAddIn = Op.Of(
        "aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)",
        ScalarForms.IndexAddIn);
    public static readonly Op ScatterAddIn = Op.Of(
        "aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)");
    public static readonly Op ScatterFillIn = Op.Of(
        "aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)",
        ScalarForms.ScatterFillIn);
    public static readonly Op MaskedFillIn = Op.Of(
        "aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)", ScalarForms.MaskedFillIn);
    public static readonly Op Reshape = Op.Of("aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)");
    public static readonly Op Transpose = Op.Of(
        "aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)");
    public static readonly Op Permute = Op.Of("aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)");
    public static readonly Op Unsqueeze = Op.Of("aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)");
    public static readonly Op Squeeze = Op.Of("aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)");
    public static readonly Op Expand = Op.Of(
        "aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)");
    public static readonly Op Select = Op.Of(
        "aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)");
    public static readonly Op IndexSelect = Op.Of(
        "aten::index_select(Tensor self, int dim, Tensor index) -> Tensor");
    public static readonly Op Gather = Op.Of(
        "aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor");
    public static readonly Op Cat = Op.Of("aten::cat(Tensor[] tensors, int dim=0) -> Tensor");
    public static readonly Op Stack = Op.Of("aten::stack(Tensor[] tensors, int dim=0) -> Tensor");
    public static readonly Op Tril = Op.Of("aten::tril(Tensor self, SymInt diagonal=0) -> Tensor");
    public static readonly Op Triu = Op.Of("aten::triu(Tensor self, SymInt diagonal=0) -> Tensor");
    public static readonly Op Sum = Op.Of("aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op SumDims = Op.Of(
        "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op Mean = Op.Of("aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op MeanDims = Op.Of(
        "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op Max = Op.Of("aten::max(Tensor self) -> Tensor");
    public static readonly Op ArgMax = Op.Of("aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor");
    public static readonly Op Norm = Op.Of(
        "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, " +
        "ScalarType? dtype=None) -> Tensor", ScalarForms.Norm);
    public static readonly Op All = Op.Of("aten::all(Tensor self) -> Tensor");
    public static readonly Op TopK = Op.Of(
        "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, " +
        "Tensor indices)");
    public static readonly Op Sort = Op.Of(
        "aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)");
    public static readonly Op CumSum = Op.Of(
        "aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op Equal = Op.Of("aten::equal(Tensor self, Tensor other) -> bool");
    public static readonly Op Zeros = Op.Of(
        "aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None) -> Tensor");
    public static readonly Op ZerosLike = Op.Of(
        "aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op OnesLike = Op.Of(
        "aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op EmptyLike = Op.Of(
        "aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Less = Op.Of("aten::lt.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.LessScalar);
    public static readonly Op LessOrEqual = Op.Of(
        "aten::le.Scalar(Tensor self, Scalar other) -> Tensor", ScalarForms.LessOrEqualScalar);
}
