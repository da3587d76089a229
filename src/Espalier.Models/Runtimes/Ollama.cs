using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Runtimes;

/// <summary>
/// Ollama's import of folders: of Llama it keeps head_dim but takes the rotary width from hidden_size / num_attention_heads, of Qwen2 it
/// does not read head_dim, and of none rope_parameters. A GGUF file of ours goes past all of it.
/// </summary>
internal sealed class Ollama : Runtime
{
    private static readonly string[] s_imported = ["llama", "qwen2", "qwen3"];

    public override string Name => "Ollama";

    public override string Reason =>
        "Ollama's import of folders does not read head_dim there: give Ollama a GGUF file, where the family has one";

    public override string? Refuses(WrittenShape shape) => s_imported.Contains(shape.Family.ModelType)
        ? null
        : $"Ollama's import of folders does not know {shape.Family.Architecture}: "
            + (GgufArchitectures.All.Any(one => one.Families.Contains(shape.Family.ModelType))
                ? "give Ollama a GGUF file, made with espalier export" : "and GGUF does not support this family either");

    public override int HeadDim(WrittenShape shape) => shape.Family.ModelType == "qwen2" ? shape.Quotient : base.HeadDim(shape);

    public override int RotaryEntries(WrittenShape shape) => shape.Family.ModelType == "llama" ? shape.Quotient : base.RotaryEntries(shape);

    public override RotaryConfig? Rotary(WrittenShape shape) => shape.OlderRotary;
}
