using System.Text.Json.Serialization;

namespace Espalier.Pipeline.Recipes;

/// <summary>What is exported.</summary>
internal enum ExportKind
{
    /// <summary>The Hugging Face folder.</summary>
    Hf,

    /// <summary>GGUF, float32.</summary>
    GgufF32,

    /// <summary>GGUF, float16.</summary>
    GgufF16,

    /// <summary>GGUF, bfloat16.</summary>
    GgufBf16,

    /// <summary>GGUF, Q8_0.</summary>
    [JsonStringEnumMemberName("gguf-q8_0")]
    GgufQ8,
}
