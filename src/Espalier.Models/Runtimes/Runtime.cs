namespace Espalier.Models.Runtimes;

/// <summary>
/// How a program that runs models understands a Hugging Face folder of these families, where it is not the field's plain meaning. Pruning
/// breaks what programs derive: head_dim is no longer hidden_size / num_attention_heads.
/// </summary>
internal abstract class Runtime
{
    public static IReadOnlyList<Runtime> All { get; } = [new Transformers(), new Transformers4(), new Vllm(), new LlamaCpp(), new Ollama()];

    public abstract string Name { get; }

    /// <summary>Why the program cannot load such a folder at all; null where it can.</summary>
    public virtual string? Refuses(WrittenShape shape) => null;

    /// <summary>H: entries of a head, as the program takes them; of StableLM no program reads head_dim.</summary>
    public virtual int HeadDim(WrittenShape shape) =>
        shape.Family.ModelType == "stablelm" ? shape.Quotient : shape.HeadDim ?? shape.Quotient;

    /// <summary>Entries of a head that turn, as the program takes them.</summary>
    public virtual int RotaryEntries(WrittenShape shape) => (int)(HeadDim(shape) * shape.RotaryFraction);

    /// <summary>
    /// How positions turn, as the program takes it; null where it reads both forms of it, as <c>config.json</c> means them.
    /// </summary>
    public virtual RotaryConfig? Rotary(WrittenShape shape) => null;

    /// <summary>What the program makes of a tied head, where that is no head of the model's; null where it ties it.</summary>
    public virtual string? TiedHead(WrittenShape shape) => null;

    /// <summary>Where a difference comes from and what to do, for the reader of a finding.</summary>
    public abstract string Reason { get; }
}
