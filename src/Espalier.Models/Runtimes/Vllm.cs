namespace Espalier.Models.Runtimes;

/// <summary>vLLM (0.6 to 0.10 were read): its Qwen2 and StarCoder2 divide hidden_size by the heads whatever head_dim says.</summary>
internal sealed class Vllm : Runtime
{
    public override string Name => "vLLM";

    public override string Reason =>
        "its Qwen2, StarCoder2 and StableLM use hidden_size / num_attention_heads as head_dim: "
            + "keep hidden_size, or cut heads in the same proportion";

    public override int HeadDim(WrittenShape shape) =>
        shape.Family.ModelType is "qwen2" or "starcoder2" ? shape.Quotient : base.HeadDim(shape);
}
