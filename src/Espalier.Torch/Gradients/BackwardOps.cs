using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Gradients;

/// <summary>Operators that only backwards call; nothing is recorded through them.</summary>
internal static class BackwardOps
{
    public static readonly Op Silu = new("aten::silu_backward(Tensor grad_output, Tensor self) -> Tensor");
    public static readonly Op Softmax = new(
        "aten::_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor");
    public static readonly Op LogSoftmax = new(
        "aten::_log_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor");
    public static readonly Op Embedding = new(
        "aten::embedding_dense_backward(Tensor grad_output, Tensor indices, SymInt num_weights, SymInt padding_idx, " +
        "bool scale_grad_by_freq) -> Tensor");
    public static readonly Op Slice = new(
        "aten::slice_backward(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt start, SymInt end, " +
        "SymInt step) -> Tensor");
    public static readonly Op Select = new(
        "aten::select_backward(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt index) -> Tensor");
    public static readonly Op Sign = new("aten::sgn(Tensor self) -> Tensor");
    public static readonly Op Flip = new("aten::flip(Tensor self, int[] dims) -> Tensor");
    public static readonly Op FlashAttention = new(
        "aten::_flash_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, Tensor logsumexp, " +
        "Tensor cum_seq_q, Tensor cum_seq_k, SymInt max_q, SymInt max_k, float dropout_p, bool is_causal, Tensor rng_state, " +
        "Tensor unused, *, float? scale=None, SymInt? window_size_left=None, SymInt? window_size_right=None) -> (Tensor, Tensor, Tensor)");
    public static readonly Op NewZeros = new(
        "aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None) -> Tensor");
}
