namespace Espalier.Torch.Gradients;

/// <summary>Operators that only backwards call; nothing is recorded through them.</summary>
internal static class BackwardOps
{
    public static readonly Op Silu = Op.Find("aten::silu_backward");
    public static readonly Op Softmax = Op.Find("aten::_softmax_backward_data");
    public static readonly Op LogSoftmax = Op.Find("aten::_log_softmax_backward_data");
    public static readonly Op Embedding = Op.Find("aten::embedding_dense_backward");
    public static readonly Op Slice = Op.Find("aten::slice_backward");
    public static readonly Op Select = Op.Find("aten::select_backward");
    public static readonly Op Sign = Op.Find("aten::sgn");
    public static readonly Op Flip = Op.Find("aten::flip");
    public static readonly Op Equal = Op.Find("aten::eq", "Tensor");
    public static readonly Op NewZeros = Op.Find("aten::new_zeros");
}
