using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Import;

/// <summary>How positions turn, from the keys <c>rope.*</c> and the table of factors of a GGUF file.</summary>
internal static class ImportedRotary
{
    private const string Original = "original_max_position_embeddings";
    private const float Near = 1e-4f;

    // The length that Llama 3.1 to 3.3 were trained with before their frequencies were stretched.
    private const int Published = 8192;

    /// <summary>Reads it into the fields of transformers 4.</summary>
    /// <exception cref="EspalierException">The file asks for a scaling that no config of the family says.</exception>
    public static void Read(
        GgufFile file, GgufKeys keys, GgufArchitecture architecture, Family family, int headDim, JsonObject fields)
    {
        var theta = keys.Number("rope.freq_base") ?? 10000;
        fields["rope_theta"] = theta;
        var turning = keys.Whole("rope.dimension_count") ?? headDim;
        if (family.TurnsPartly)
            fields["partial_rotary_factor"] = (double)turning / headDim;
        else if (turning != headDim)
            throw new EspalierException(
                $"{file.Path}: {architecture.Name}.rope.dimension_count is {turning} of {headDim}, but this family rotates whole heads");
        if (Scaling(file, keys, theta, headDim) is not { } scaling)
            return;
        fields["rope_scaling"] = scaling;
        if (file.Contains(LongFactors.Long))
            fields[Original] = keys.Required("rope.scaling.original_context_length");
    }

    private static JsonObject? Scaling(GgufFile file, GgufKeys keys, double theta, int headDim)
    {
        if (file.Contains(LongFactors.Long))
            return LongRope(file, keys);
        if (file.Contains(RotaryFactors.Name))
            return Llama3(file, theta, headDim);
        var type = keys.Text("rope.scaling.type") ?? "none";
        var factor = keys.Number("rope.scaling.factor") ?? 1;
        return type switch
        {
            "none" => null,
            "linear" when factor == 1 => null,
            "linear" => new() { ["rope_type"] = "linear", ["factor"] = factor },
            "yarn" => new()
            {
                ["rope_type"] = "yarn",
                ["factor"] = factor,
                [Original] = keys.Required("rope.scaling.original_context_length"),
                ["attention_factor"] = (keys.Number("rope.scaling.attn_factor") ?? 1) * (0.1 * Math.Log(factor) + 1),
            },
            _ => throw new EspalierException($"{file.Path}: the rotary scaling '{type}' is not supported; known: linear and yarn"),
        };
    }

    // Three fields where they say all: Phi-3's class of transformers 4 wants no more.
    private static JsonObject LongRope(GgufFile file, GgufKeys keys)
    {
        var scaling = new JsonObject
        {
            ["type"] = "longrope",
            ["short_factor"] = Factors(file, LongFactors.Short),
            ["long_factor"] = Factors(file, LongFactors.Long),
        };
        var (original, amplitude) = (keys.Required("rope.scaling.original_context_length"), keys.Number("rope.scaling.attn_factor") ?? 1);
        if (Math.Abs(amplitude - RopeScalingFields.AmplitudeOf((double)keys.Required("context_length") / original, original)) > 1e-6)
            scaling["attention_factor"] = amplitude;
        return scaling;
    }

    // Widened to the shortest decimals that mean them.
    private static JsonArray Factors(GgufFile file, string name) => new([.. file.ReadFloat32(name).Select(factor =>
        JsonValue.Create(double.Parse(factor.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)))]);

    /// <summary>
    /// Llama 3's scaling, which GGUF has no keys for: of the ones that were published, the one whose factors the file's are.
    /// </summary>
    private static JsonObject Llama3(GgufFile file, double theta, int headDim)
    {
        var factors = file.ReadFloat32(RotaryFactors.Name);
        var largest = Math.Round(factors.Max(), 3);
        foreach (var (low, high) in (ReadOnlySpan<(double, double)>)[(1, 4), (1, 2), (2, 4)])
            foreach (var original in Enumerable.Range(4, 14).Select(static power => 1 << power)
                .OrderBy(static length => length != Published))
            {
                var ours = RotaryFactors.Of(new RotaryScaling.Llama3(largest, low, high, original), theta, headDim);
                if (ours.Length == factors.Length && ours.Zip(factors).All(pair => Math.Abs(pair.First - pair.Second) <= Near * pair.First))
                    return new()
                    {
                        ["rope_type"] = "llama3",
                        ["factor"] = largest,
                        ["low_freq_factor"] = low,
                        ["high_freq_factor"] = high,
                        ["original_max_position_embeddings"] = original,
                    };
            }

        throw new EspalierException(
            $"{file.Path}: {RotaryFactors.Name} scales {factors.Length} frequencies by up to {largest}, which is not the "
            + "scaling of Llama 3; import the Hugging Face folder that the file was made from");
    }
}
