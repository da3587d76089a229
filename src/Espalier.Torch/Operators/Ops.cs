using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Operators;

/// <summary>
/// The operators that the typed methods of tensors call, beside those of <see cref="MemoryOps"/>; schemas as libtorch has them since 2.10.
/// How gradient goes through each stands in <see cref="Gradients"/>.
/// </summary>
internal static class Ops
{
    public static readonly Op To = new(
        "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Clone = new("aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Add = new(
        "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", Numbers.Add, Numbers.Beside);
    public static readonly Op Mul = new("aten::mul.Tensor(Tensor self, Tensor other) -> Tensor", number: Numbers.Beside);
    public static readonly Op Div = new("aten::div.Tensor(Tensor self, Tensor other) -> Tensor", number: Numbers.Beside);
    public static readonly Op Neg = new("aten::neg(Tensor self) -> Tensor");
    public static readonly Op Exp = new("aten::exp(Tensor self) -> Tensor");
    public static readonly Op Log = new("aten::log(Tensor self) -> Tensor");
    public static readonly Op Sqrt = new("aten::sqrt(Tensor self) -> Tensor");
    public static readonly Op Rsqrt = new("aten::rsqrt(Tensor self) -> Tensor");
    public static readonly Op Abs = new("aten::abs(Tensor self) -> Tensor");
    public static readonly Op Square = new("aten::square(Tensor self) -> Tensor");
    public static readonly Op Tanh = new("aten::tanh(Tensor self) -> Tensor");
    public static readonly Op Silu = new("aten::silu(Tensor self) -> Tensor");
    public static readonly Op Relu = new("aten::relu(Tensor self) -> Tensor");
    public static readonly Op IsFinite = new("aten::isfinite(Tensor self) -> Tensor");
    public static readonly Op MatMul = new("aten::matmul(Tensor self, Tensor other) -> Tensor", Products.MatMul);
    public static readonly Op Linear = new("aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", Products.Linear);
    public static readonly Op Attention = new(
        "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, " +
        "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor");
    public static readonly Op FlashAttention = new(
        "aten::_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, " +
        "SymInt max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, float? scale=None, SymInt? window_size_left=None, " +
        "SymInt? window_size_right=None, Tensor? seqused_k=None, Tensor? alibi_slopes=None) -> (Tensor output, Tensor softmax_logsumexp, " +
        "Tensor rng_state, Tensor unused, Tensor debug_attn_mask)");
    public static readonly Op FusedRmsNorm = new(
        "aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)");
    public static readonly Op Softmax = new("aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor");
    public static readonly Op LogSoftmax = new("aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor");
    public static readonly Op LogAddExp = new("aten::logaddexp(Tensor self, Tensor other) -> Tensor");
    public static readonly Op LogSumExp = new("aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor");
    public static readonly Op MaskedFill = new(
        "aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor", number: Numbers.Same);
    public static readonly Op Embedding = new(
        "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, " +
        "bool sparse=False) -> Tensor");
    public static readonly Op NativeLayerNorm = new(
        "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, " +
        "float eps) -> (Tensor, Tensor, Tensor)");
    public static readonly Op AddIn = new(
        "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", Numbers.AddIn, Numbers.Beside);
    public static readonly Op MulIn = new("aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", number: Numbers.Beside);
    public static readonly Op DivIn = new("aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)");
    public static readonly Op ZeroIn = new("aten::zero_(Tensor(a!) self) -> Tensor(a!)");
    public static readonly Op FillIn = new("aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)", number: Numbers.Same);
    public static readonly Op CopyIn = new("aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)");
    public static readonly Op ExpIn = new("aten::exp_(Tensor(a!) self) -> Tensor(a!)");
    public static readonly Op LerpIn = new(
        "aten::lerp_.Tensor(Tensor(a!) self, Tensor end, Tensor weight) -> Tensor(a!)", number: Numbers.Same);
    public static readonly Op FusedAdamW = new(
        "aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, " +
        "Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, " +
        "bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()");
    public static readonly Op ScatterAddIn = new("aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)");
    public static readonly Op ScatterIn = new("aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)");
    public static readonly Op Reshape = new("aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)");
    public static readonly Op Transpose = new("aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)");
    public static readonly Op Permute = new("aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)");
    public static readonly Op Unsqueeze = new("aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)");
    public static readonly Op Squeeze = new("aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)");
    public static readonly Op Expand = new("aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)");
    public static readonly Op Select = new("aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)");
    public static readonly Op IndexSelect = new("aten::index_select(Tensor self, int dim, Tensor index) -> Tensor");
    public static readonly Op Gather = new("aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor");
    public static readonly Op Cat = new("aten::cat(Tensor[] tensors, int dim=0) -> Tensor");
    public static readonly Op Stack = new("aten::stack(Tensor[] tensors, int dim=0) -> Tensor");
    public static readonly Op Triu = new("aten::triu(Tensor self, SymInt diagonal=0) -> Tensor");
    public static readonly Op Sum = new(
        "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op Mean = new(
        "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op ArgMax = new("aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor");
    public static readonly Op Norm = new("aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor");
    public static readonly Op All = new("aten::all(Tensor self) -> Tensor");
    public static readonly Op TopK = new(
        "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, " +
        "Tensor indices)");
    public static readonly Op Sort = new("aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)");
    public static readonly Op CumSum = new("aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor");
    public static readonly Op Less = new("aten::lt.Tensor(Tensor self, Tensor other) -> Tensor", number: Numbers.Compared);
    public static readonly Op LessOrEqual = new("aten::le.Tensor(Tensor self, Tensor other) -> Tensor", number: Numbers.Compared);
}
