namespace Espalier.Models.Runtimes;

/// <summary>
/// Releases of transformers before 5, which do not know <c>rope_parameters</c> and fall back to the family's defaults without a word.
/// </summary>
internal sealed class Transformers4 : Transformers
{
    public override string Name => "transformers before 5";

    public override string? Refuses(WrittenShape shape) => shape.Family.ModelType == "qwen3_5_text"
        ? "they do not support the family: use release 5"
        : RefusesFactors(shape);

    /// <summary>They run Nemotron-H by the model's own code, which ties.</summary>
    public override string? TiedHead(WrittenShape shape) => null;

    public override RotaryConfig? Rotary(WrittenShape shape) => shape.OlderRotary;
}
