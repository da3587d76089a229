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

    /// <summary>GGUF, Q6_K.</summary>
    [JsonStringEnumMemberName("gguf-q6_k")]
    GgufQ6K,

    /// <summary>GGUF, Q5_K_M.</summary>
    [JsonStringEnumMemberName("gguf-q5_k_m")]
    GgufQ5KM,

    /// <summary>GGUF, Q5_0.</summary>
    [JsonStringEnumMemberName("gguf-q5_0")]
    GgufQ5,

    /// <summary>GGUF, Q4_K_M.</summary>
    [JsonStringEnumMemberName("gguf-q4_k_m")]
    GgufQ4KM,

    /// <summary>GGUF, Q4_0.</summary>
    [JsonStringEnumMemberName("gguf-q4_0")]
    GgufQ4,
}
