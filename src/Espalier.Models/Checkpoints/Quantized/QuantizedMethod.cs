using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// A way to store matrices in fewer bits, by <c>quant_method</c> of <c>quantization_config</c>. A new one is a copy of a sibling's file,
/// added to <see cref="Of"/>.
/// </summary>
internal abstract class QuantizedMethod
{
    /// <summary>Whether bfloat16 has a number for every weight, as it has where scales are powers of two.</summary>
    public virtual bool IsExactInBfloat16 => false;

    /// <summary>Whether a tensor is one that this way of storing leaves: a folder without any is not what its config says.</summary>
    public abstract bool Marks(string name, ElementType type);

    /// <summary>A matrix as what is stored decodes to, [rows, columns]; null where it is not stored in this way.</summary>
    /// <param name="files">The tensors.</param>
    /// <param name="module">Its name without <c>.weight</c>.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <exception cref="EspalierException">A tensor that belongs to it is missing, or has another shape.</exception>
    public abstract float[]? Read(QuantizedFiles files, string module, int rows, int columns);

    /// <summary>
    /// A matrix of one expert, [rows, columns], where those of all lie in one tensor; null where it is not stored in this way.
    /// </summary>
    /// <param name="files">The tensors.</param>
    /// <param name="tensor">The tensor of all, as plain weights would be stored.</param>
    /// <param name="part">The matrix.</param>
    /// <exception cref="EspalierException">A tensor that belongs to it is missing, or has another shape.</exception>
    public virtual float[]? ReadExpert(QuantizedFiles files, StoredTensor tensor, NamedParameter part) => null;

    /// <summary>The method of a <c>quantization_config</c>.</summary>
    /// <exception cref="EspalierException">It is not read; the message names it and the known ones.</exception>
    public static QuantizedMethod Of(ConfigFields quantization)
    {
        // bitsandbytes' first files have no name, but say how many bits.
        var name = quantization.Text("quant_method")
            ?? (quantization.Says("load_in_8bit") || quantization.Says("load_in_4bit") ? "bitsandbytes" : null);
        return name switch
        {
            "awq" => AwqMethod.From(quantization),
            "bitsandbytes" => new BitsAndBytesMethod(quantization),
            "compressed-tensors" => CompressedTensorsMethod.From(quantization),
            "modelopt" when quantization.Text("quant_algo") == Float4Method.OfModelOpt => Float4Method.FromModelOpt(quantization),
            "fbgemm_fp8" or "fp8" or "modelopt" => Float8Method.From(quantization),
            "gptq" => GptqMethod.From(quantization),
            "mxfp4" => Mxfp4Method.From(quantization),
            _ => throw quantization.Wrong("quant_method",
                "this method is not supported; known: awq, bitsandbytes, compressed-tensors, "
                + "fbgemm_fp8, fp8, gptq, modelopt (FP8, NVFP4) and mxfp4"),
        };
    }

    /// <summary>Lets go of the scales of a cache of keys or values in 8 bits, which stand beside the matrices that make them.</summary>
    protected static void PassCacheScales(QuantizedFiles files, string module)
    {
        files.Pass($"{module}.k_scale");
        files.Pass($"{module}.v_scale");
    }
}
